// Reads Java as javac's parser does. Standard input holds texts, each behind its length in four bytes, the highest first;
// standard output gets one line of JSON for each: how many errors there are, and the first of them.

import com.sun.source.util.JavacTask;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticListener;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

public final class Parser {
    private static final int TEXT_BYTES_MAX = 64 << 20;
    private static final int TOLD_MAX = 20;
    private static final long STACK_BYTES = 512L << 20;
    private static final List<String> OPTIONS = List.of("-proc:none", "-Xlint:none", "-Xmaxerrs", "1000000");

    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final JavaFileManager files = compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8);

    public static void main(String[] arguments) {
        OutputStream output = System.out;
        // What javac prints must not come between the answers.
        System.setOut(System.err);
        new Thread(null, () -> serve(output), "parser", STACK_BYTES).start();
    }

    private static void serve(OutputStream output) {
        try (DataInputStream input = new DataInputStream(new BufferedInputStream(System.in))) {
            Parser parser = new Parser();
            while (true) {
                int length = input.readInt();
                if (length < 0 || length > TEXT_BYTES_MAX) {
                    return;
                }
                byte[] text = new byte[length];
                input.readFully(text);
                output.write((parser.judge(new String(text, StandardCharsets.UTF_8)) + "\n").getBytes(StandardCharsets.UTF_8));
                output.flush();
            }
        } catch (EOFException end) {
            // Nobody asks any more.
        } catch (IOException broken) {
            System.err.println(broken);
        }
    }

    private String judge(String text) {
        Faults faults = new Faults(text);
        try {
            JavacTask task = (JavacTask) compiler.getTask(null, files, faults, OPTIONS, null, List.of(new Text(text)));
            task.parse();
            return faults.json();
        } catch (OutOfMemoryError full) {
            // What is left of the heap cannot be trusted; a new process begins with all of it.
            Runtime.getRuntime().halt(3);
            return "";
        } catch (Throwable broken) {
            return "{\"failed\":" + quoted(broken.toString()) + "}";
        }
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    private static final class Text extends SimpleJavaFileObject {
        private final String text;

        Text(String text) {
            super(URI.create("string:///Text.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static final class Faults implements DiagnosticListener<JavaFileObject> {
        private final String text;
        private final List<String> told = new ArrayList<>();
        private int count;

        Faults(String text) {
            this.text = text;
        }

        @Override
        public void report(Diagnostic<? extends JavaFileObject> found) {
            if (found.getKind() != Diagnostic.Kind.ERROR) {
                return;
            }
            count++;
            if (told.size() < TOLD_MAX) {
                int at = (int) Math.max(0, Math.min(found.getPosition(), text.length()));
                int offset = text.substring(0, at).getBytes(StandardCharsets.UTF_8).length;
                told.add("{\"offset\":" + offset + ",\"message\":" + quoted(found.getMessage(Locale.ENGLISH)) + "}");
            }
        }

        String json() {
            return "{\"count\":" + count + ",\"errors\":[" + String.join(",", told) + "]}";
        }
    }
}

//! The compilers' own parsers: what they say, what happens when they break, and when they are not there.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use reweave_core::limits;
use reweave_proto::wire::checks::{self as wire, checks_service_client::ChecksServiceClient};
use tonic::transport::Channel;

use crate::{
    kit::Kit,
    watch::{running_with, until},
};

async fn parse(client: &mut ChecksServiceClient<Channel>, language: &str, source: &[u8]) -> wire::ParseResponse {
    let request = wire::ParseRequest { language: language.into(), source: source.to_vec() };
    client.parse(request).await.unwrap().into_inner()
}

/// Without a workspace, and with the system's own Python first: one below a home is out of a throwaway user's reach.
fn kit() -> Kit {
    let mut kit = Kit::new(&[]);
    kit.config.path.insert(0, "/usr/bin".into());
    kit
}

/// One line for each error.
fn told(response: &wire::ParseResponse) -> String {
    assert_eq!(response.unavailable, "");
    let line = |error: &wire::ParseError| format!("{}:{}: {}", error.line, error.column, error.message);
    response.errors.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A `python3` that does what `script` says, found before the real one.
fn with_python(mut kit: Kit, script: &str) -> Kit {
    let folder = kit.workspace.path().join("bin");
    fs::create_dir(&folder).unwrap();
    let path = folder.join("python3");
    fs::write(&path, format!("#!/usr/bin/python3\n{script}")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    kit.config.tool_paths = vec![folder];
    kit
}

/// A parser that reads one request after the other, and answers as `answer` says.
fn answering(answer: &str) -> String {
    format!(
        "import sys, time\nsource = sys.stdin.buffer\nwhile head := source.read(4):\n    text = source.read(int.from_bytes(head, 'big'))\n    \
         {answer}\n    print('{{\"count\": 0, \"errors\": []}}', flush=True)\n"
    )
}

#[tokio::test]
async fn each_compilers_parser_says_what_is_wrong_and_where() {
    let kit = kit();
    let mut client = kit.client().await;
    for (language, parser, sound, broken, expected) in [
        ("go", "go/parser", "package é\n", "package p\n\nfunc f() {\n\tif x == T{} {\n\t}\n}\n", "4:"),
        (
            "java",
            "javac's parser",
            "class É {}\n",
            "class A {\n\tint é, b = ;\n}\n",
            "2:13: illegal start of expression",
        ),
        ("python", "CPython's compiler", "é = 1\n", "é = 1\ny = (\n", "2:5: '(' was never closed"),
    ] {
        let response = parse(&mut client, language, sound.as_bytes()).await;
        assert_eq!((response.parser.as_str(), response.error_count, told(&response)), (parser, 0, String::new()));
        let response = parse(&mut client, language, broken.as_bytes()).await;
        assert!(response.error_count > 0 && told(&response).contains(expected), "{language}: {response:?}");
    }
}

#[tokio::test]
async fn hostile_texts_are_answered_and_the_parser_goes_on() {
    let kit = kit();
    let mut client = kit.client().await;
    let deep = "(".repeat(200_000);
    for language in ["go", "java", "python"] {
        for text in [&b""[..], b"\0", b"\xff\xfe\xff", b"\xef\xbb\xbf", b"\r", deep.as_bytes()] {
            let response = parse(&mut client, language, text).await;
            let known = response.unavailable.is_empty() || response.unavailable.starts_with("the parser gave up");
            assert!(known, "{language} {:?}: {response:?}", &text[..text.len().min(8)]);
        }
        let response = parse(&mut client, language, b"\0 (").await;
        assert_eq!(response.unavailable, "", "{language}");
        assert!(response.error_count > 0, "{language}: {response:?}");
    }
}

#[tokio::test]
async fn a_text_over_the_limit_is_not_read() {
    let kit = with_python(Kit::new(&[]), "raise SystemExit(7)\n");
    let response = parse(&mut kit.client().await, "python", &vec![b' '; limits::SOURCE_BYTES_MAX + 1]).await;
    assert!(response.unavailable.contains("larger than"), "{response:?}");
}

#[tokio::test]
async fn languages_without_a_parser_of_their_own_say_so_and_unknown_ones_are_refused() {
    let kit = kit();
    let mut client = kit.client().await;
    let response = parse(&mut client, "cpp", b"int x;").await;
    assert_eq!(
        (response.parser.as_str(), response.unavailable.as_str()),
        ("", "no compiler's parser is asked about cpp")
    );
    let request = wire::ParseRequest { language: "klingon".into(), source: Vec::new() };
    assert_eq!(client.parse(request).await.unwrap_err().code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn a_tool_that_is_not_there_is_named_with_how_to_get_it() {
    let mut kit = Kit::new(&[]);
    kit.config.path = Vec::new();
    let mut client = kit.client().await;
    for (language, tool) in [("go", "`go`"), ("java", "`javac`"), ("python", "`python3`")] {
        let response = parse(&mut client, language, b"x").await;
        assert!(response.unavailable.starts_with(&format!("{tool} was not found; ")), "{response:?}");
    }
    let described = client.describe(wire::DescribeRequest {}).await.unwrap().into_inner().parsers;
    assert_eq!(described.len(), 3);
    assert!(described.iter().all(|parser| parser.version.is_empty() && !parser.get_it.is_empty()), "{described:?}");
}

#[tokio::test]
async fn tools_that_are_there_are_described_by_their_version() {
    let described = kit().client().await.describe(wire::DescribeRequest {}).await.unwrap().into_inner().parsers;
    let versions: Vec<&str> = described.iter().map(|parser| parser.version.as_str()).collect();
    for (version, begins) in versions.iter().zip(["go version go", "javac ", "Python 3"]) {
        assert!(version.starts_with(begins), "{versions:?}");
    }
}

#[tokio::test]
async fn a_parser_that_takes_too_long_is_ended_and_the_next_text_gets_a_new_one() {
    let mut kit = with_python(Kit::new(&[]), &answering("time.sleep(600 if b'slow' in text else 0)"));
    kit.config.parsers.timeout = Duration::from_millis(300);
    let mut client = kit.client().await;
    assert_eq!(parse(&mut client, "python", b"quick").await.unavailable, "");
    let response = parse(&mut client, "python", b"slow").await;
    assert_eq!(response.unavailable, "the parser took longer than 300 ms");
    assert_eq!(kit.folders().len(), 0, "nothing of it is left");
    assert_eq!(parse(&mut client, "python", b"quick").await.unavailable, "");
}

#[tokio::test]
async fn a_parser_that_ends_is_started_again_and_one_that_keeps_ending_rests() {
    let mut kit = with_python(Kit::new(&[]), &answering("assert b'crash' not in text, 'no more'"));
    kit.config.parsers.timeout = Duration::from_secs(10);
    let mut client = kit.client().await;
    assert_eq!(parse(&mut client, "python", b"fine").await.unavailable, "");
    let response = parse(&mut client, "python", b"crash").await;
    assert!(
        response.unavailable.contains("it exited with 1") && response.unavailable.contains("no more"),
        "{response:?}"
    );
    assert_eq!(parse(&mut client, "python", b"fine").await.unavailable, "", "one failure costs nobody else anything");
    for _ in 0..2 {
        parse(&mut client, "python", b"crash").await;
    }
    let response = parse(&mut client, "python", b"fine").await;
    assert_eq!(response.unavailable, "the parser failed 2 times in a row, and rests");
}

#[tokio::test]
async fn a_parser_that_nobody_asks_is_ended_and_comes_back() {
    let mut kit = kit();
    kit.config.parsers.idle = Duration::from_millis(50);
    let mut client = kit.client().await;
    for _ in 0..2 {
        assert_eq!(parse(&mut client, "python", b"x = 1").await.unavailable, "");
        until(|| kit.folders().is_empty()).await;
    }
}

#[tokio::test]
async fn a_parser_that_takes_all_memory_is_ended() {
    let mut kit = with_python(Kit::new(&[]), &answering("hoard = b'x' * (1 << 30) if b'much' in text else b''"));
    kit.config.parsers.memory_bytes = 256 << 20;
    let response = parse(&mut kit.client().await, "python", b"much").await;
    assert!(response.unavailable.contains("more memory than checks.parsers.memory_mib"), "{response:?}");
}

#[tokio::test]
async fn as_many_texts_wait_as_may_and_no_more() {
    let mut kit = with_python(Kit::new(&[]), &answering("time.sleep(600)"));
    kit.config.parsers.waiting_max = 1;
    kit.config.parsers.timeout = Duration::from_secs(60);
    let client = kit.client().await;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let mut client = client.clone();
        asked.spawn(async move { parse(&mut client, "python", b"x").await });
    }
    let first = tokio::time::timeout(Duration::from_secs(30), asked.join_next()).await.unwrap();
    assert_eq!(first.unwrap().unwrap().unavailable, "as many texts wait for the parser as may");
}

#[tokio::test]
async fn nothing_of_a_parser_outlives_its_service() {
    let kit = with_python(Kit::new(&[]), &answering("pass"));
    let program = kit.workspace.path().join("bin/python3").display().to_string();
    let checks = reweave_checks::build(kit.config.clone());
    let routes = tonic::service::Routes::new(checks.clone().server(1 << 20));
    let mut client = ChecksServiceClient::new(reweave_chassis::in_process::channel(routes));
    assert_eq!(parse(&mut client, "python", b"x").await.unavailable, "");
    assert!(kit.folders().len() == 1 && running_with(&program) > 0);
    checks.close().await;
    until(|| kit.folders().is_empty()).await;
    assert_eq!(parse(&mut client, "python", b"x").await.unavailable, "the service is shutting down");
    assert_eq!(running_with(&program), 0);
}

#[tokio::test]
async fn a_parser_sees_no_file_of_the_workspace_and_no_variable_of_the_service() {
    let seen = "import os\n    listed = sorted(os.listdir('.')) + sorted(os.environ)\n    \
                print('{\"failed\": \"%s\"}' % ' '.join(listed), flush=True)\n    continue";
    let kit = with_python(Kit::new(&[("secret.py", "")]), &answering(seen));
    let reason = parse(&mut kit.client().await, "python", b"x").await.unavailable;
    assert!(reason.contains("HOME LANG") && !reason.contains("secret") && !reason.contains("CARGO"), "{reason}");
    assert!(Path::new("Cargo.toml").exists(), "the service itself stands in a folder with files");
}

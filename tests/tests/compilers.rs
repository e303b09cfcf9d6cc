//! The compilers' own parsers behind the doors: Go and Java.

use anyhow::Result;
use reweave_tests::command::Bench;
use serde_json::{Value, json};

const GO: &str = "package shop\n\nfunc total(prices []int) int {\n\tsum := 0\n\treturn sum\n}\n";
const JAVA: &str = "class Shop {\n    int total(int[] prices) {\n        int sum = 0;\n        return sum;\n    }\n}\n";

/// `reweave gate` about one edit of `file`.
fn gate(bench: &Bench, file: &str, edit: (&str, &str)) -> Result<(Option<i32>, Value)> {
    let (old, new) = edit;
    let path = bench.workspace().join(file);
    let start = std::fs::read_to_string(&path)?.find(old).expect("the file holds the old text");
    let edits = json!([{"start": start, "end": start + old.len(), "new_text": new}]).to_string();
    let path = path.display().to_string();
    let ran = bench.reweave(&["gate", &path, "--edits", "-", "--json"], edits.as_bytes())?;
    Ok((ran.code, serde_json::from_str(&ran.stdout).map_err(|error| anyhow::anyhow!("{error}: {ran:?}"))?))
}

/// What the compiler's own parser said, if it was asked.
fn compiler(document: &Value) -> Option<&Value> {
    document["gates"].as_array()?.iter().find(|gate| gate["gate"] == "compiler_parse")
}

fn bench() -> Result<Bench> {
    Bench::new(&[("shop.go", GO.as_bytes()), ("Shop.java", JAVA.as_bytes()), ("shop.py", b"total = 0\n")])
}

#[test]
fn an_edit_that_the_compilers_parser_takes_passes_its_gate() -> Result<()> {
    let bench = bench()?;
    for (file, parser) in [("shop.go", "go/parser finds no error"), ("Shop.java", "javac's parser finds no error")] {
        let (code, document) = gate(&bench, file, ("return sum", "return sum + 1"))?;
        assert_eq!(code, Some(0), "{document}");
        assert_eq!(compiler(&document).map(|gate| &gate["reason"]), Some(&json!(parser)), "{document}");
        assert_eq!(document["not_checked"], json!([]));
    }
    Ok(())
}

/// tree-sitter takes each of these, for its grammars are wider than the languages.
#[test]
fn what_only_the_compilers_parser_refuses_is_refused_with_its_words() -> Result<()> {
    let bench = bench()?;
    for (file, new, said) in [
        ("shop.go", "\"\\ud800\"", "line 4: escape sequence is invalid Unicode code point"),
        ("Shop.java", "99999999999", "line 3: integer number too large"),
    ] {
        let (code, document) = gate(&bench, file, ("0", new))?;
        assert_eq!((code, &document["syntax_valid"]), (Some(1), &json!(false)), "{document}");
        let gate = compiler(&document).unwrap_or(&Value::Null);
        assert_eq!(gate["passed"], false, "{document}");
        assert!(gate["reason"].as_str().unwrap_or_default().contains(said), "{document}");
    }
    Ok(())
}

#[test]
fn what_the_base_had_wrong_already_is_no_reason_to_refuse() -> Result<()> {
    let broken = JAVA.replace("int sum = 0;", "int sum = 99999999999;");
    let bench = Bench::new(&[("Shop.java", broken.as_bytes())])?;
    let (code, document) = gate(&bench, "Shop.java", ("return sum", "return sum + 1"))?;
    assert_eq!(code, Some(0), "{document}");
    let reason = "javac's parser finds 1 errors, and 1 in the base";
    assert_eq!(compiler(&document).map(|gate| &gate["reason"]), Some(&json!(reason)), "{document}");
    Ok(())
}

#[test]
fn where_nobody_can_be_asked_that_is_said() -> Result<()> {
    let bench = bench()?;
    for (file, why) in [("shop.go", "`go` was not found"), ("Shop.java", "`javac` was not found")] {
        let path = bench.workspace().join(file).display().to_string();
        let ran = bench.reweave_without_tools(&["gate", &path, "--edits", "-", "--json"], b"[]")?;
        let document: Value = serde_json::from_str(&ran.stdout)?;
        let said = document["not_checked"][0].as_str().unwrap_or_default();
        assert!(said.starts_with(&format!("not checked by the compiler's parser: {why}; ")), "{document}");
        assert_eq!((ran.code, compiler(&document)), (Some(0), None), "{document}");
    }
    Ok(())
}

#[test]
fn the_other_languages_ask_nobody() -> Result<()> {
    let (code, document) = gate(&bench()?, "shop.py", ("0", "1"))?;
    assert_eq!((code, compiler(&document), &document["not_checked"]), (Some(0), None, &json!([])));
    Ok(())
}

#[test]
fn the_doctor_names_the_parsers_and_how_to_get_them() -> Result<()> {
    let bench = bench()?;
    let workspace = bench.workspace().display().to_string();
    let arguments = ["doctor", "--json", "--workspace", &workspace];
    for (ran, found) in
        [(bench.reweave(&arguments, b"")?, true), (bench.reweave_without_tools(&arguments, b"")?, false)]
    {
        let findings: Vec<Value> = serde_json::from_str(&ran.stdout)?;
        for language in ["go", "java", "python"] {
            let what = format!("parser of {language}");
            let finding = findings.iter().find(|finding| finding["what"] == *what).unwrap_or(&Value::Null);
            assert_eq!((&finding["found"], finding["get_it"] == ""), (&json!(found), found), "{finding}");
        }
    }
    Ok(())
}

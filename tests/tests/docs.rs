//! Documents that are generated from code: they are what the code says, or the test fails. `UPDATE_EXPECT=1` rewrites them.

use expect_test::expect_file;
use reweave_core::RefusalCode;

#[test]
fn the_page_of_refusal_codes_lists_every_code_with_its_meaning_and_exit_code() {
    let mut page = String::from(
        "# Refusal codes\n\n\
         Why a spec was refused. The set is closed: a consumer may match on it exhaustively. This page is generated from\n\
         `crates/core/src/code.rs` by the test `the_page_of_refusal_codes_lists_every_code_with_its_meaning_and_exit_code`.\n\n\
         | code | meaning | exit code |\n|---|---|---|\n",
    );
    for code in RefusalCode::ALL {
        page.push_str(&format!("| `{code}` | {} | {} |\n", code.meaning(), code.exit_code() as u8));
    }
    expect_file!["../../docs/refusals.md"].assert_eq(&page);
}

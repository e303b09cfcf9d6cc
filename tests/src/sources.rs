//! A small file in each of six languages, and the places in it that a model may refill.

use std::collections::BTreeSet;

use reweave_core::{FileText, Language, Place, Unit};
use reweave_syntax::{ParsedFile, unit};

/// Name and text. Each has names, literals and operators of several kinds.
pub const SIX: [(&str, &str); 6] = [
    (
        "shop.py",
        "RATE = 0.19\n\n\ndef total(prices, rebate):\n    result = 0\n    for price in prices:\n        if price > 10 and not \
         rebate:\n            result += price * 2\n        else:\n            result = result + price\n    print(\"sum\", \
         result)\n    return result * RATE\n",
    ),
    (
        "shop.js",
        "const rate = 0.19;\n\nfunction total(prices, rebate) {\n  let result = 0;\n  for (const price of prices) {\n    if \
         (price > 10 && !rebate) {\n      result += price * 2;\n    }\n  }\n  console.log(\"sum\", result);\n  return \
         result * rate;\n}\n",
    ),
    (
        "shop.ts",
        "const rate: number = 0.19;\n\nfunction total(prices: number[], rebate: boolean): number {\n  let result = 0;\n  for \
         (const price of prices) {\n    if (price > 10 && !rebate) {\n      result += price * 2;\n    }\n  }\n  return result \
         * rate;\n}\n",
    ),
    (
        "shop.rs",
        "const RATE: f64 = 0.19;\n\nfn total(prices: &[f64], rebate: bool) -> f64 {\n    let mut result = 0.5;\n    for price \
         in prices {\n        if *price > 10.5 && !rebate {\n            result += price * 2.5;\n        }\n    }\n    \
         println!(\"sum {}\", result);\n    result * RATE\n}\n",
    ),
    (
        "shop.go",
        "package shop\n\nconst rate = 19\n\nfunc total(prices []int, rebate bool) int {\n\tresult := 0\n\tfor _, price := range \
         prices {\n\t\tif price > 10 && !rebate {\n\t\t\tresult += price * 2\n\t\t}\n\t}\n\treturn result * rate\n}\n",
    ),
    (
        "Shop.java",
        "class Shop {\n    static final int RATE = 19;\n\n    int total(int[] prices, boolean rebate) {\n        int result = \
         0;\n        for (int price : prices) {\n            if (price > 10 && !rebate) {\n                result += price * \
         2;\n            }\n        }\n        return result * RATE;\n    }\n}\n",
    ),
];

/// Line and column, from 1, of every part of `text` that is of `unit`.
#[must_use]
pub fn places(name: &str, text: &str, unit: &str) -> Vec<(u32, u32)> {
    let parsed = parse(name, text);
    let unit = Unit::by_name(unit).expect("a unit");
    let mut seen = BTreeSet::new();
    let lines = text.lines().zip(1_u32..);
    let points = lines.flat_map(|(line, number)| (1..=line.chars().count() as u32).map(move |column| (number, column)));
    points
        .filter(|(line, column)| {
            let found = unit::holes(&parsed, &Place::At { line: *line, column: *column }, Some(unit));
            found.is_ok_and(|holes| holes.iter().all(|hole| seen.insert(hole.span)))
        })
        .collect()
}

/// How many errors the strict parser of the language finds.
#[must_use]
pub fn errors(name: &str, text: &str) -> usize {
    parse(name, text).errors().len()
}

fn parse(name: &str, text: &str) -> ParsedFile {
    let path: reweave_core::RelativePath = name.parse().expect("a relative path");
    let language = path.extension().and_then(Language::by_extension).expect("a known extension");
    ParsedFile::parse(language, FileText { path, text: text.to_owned() }).expect("a small file")
}

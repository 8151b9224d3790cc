//! The header of a file: which of its cells names which column.

use super::{column::SheetKind, refusal::Refusal};
use crate::vault::redact;
use csv::StringRecord;

/// Characters of an unknown name that a refusal repeats, and names it lists.
const SHOWN: usize = 20;

/// Where each column of `kind` stands; a column that may be left out may stand nowhere.
///
/// # Errors
/// One refusal that names what is missing, unknown or there twice.
pub(super) fn places(header: &StringRecord, kind: &SheetKind) -> Result<Vec<Option<usize>>, Vec<Refusal>> {
    let mut places = vec![None; kind.columns.len()];
    let (mut unknown, mut twice) = (Vec::new(), Vec::new());
    for (place, cell) in header.iter().enumerate() {
        match kind.columns.iter().position(|column| column.is_called(cell)) {
            None => unknown.push(redact(&cell.chars().filter(|one| !one.is_control()).take(SHOWN).collect::<String>())),
            Some(index) if places[index].is_some() => twice.push(cell.to_owned()),
            Some(index) => places[index] = Some(place),
        }
    }
    let missing: Vec<_> =
        kind.columns.iter().zip(&places).filter(|(column, place)| column.required && place.is_none()).collect();
    if missing.is_empty() && unknown.is_empty() && twice.is_empty() {
        return Ok(places);
    }
    let (mut zh, mut en) = ("表头有误".to_owned(), "the header is wrong".to_owned());
    let mut say = |what: (&str, &str), names: Vec<(String, String)>| {
        if !names.is_empty() {
            let names =
                |pick: fn((String, String)) -> String| names.iter().take(SHOWN).cloned().map(pick).collect::<Vec<_>>();
            zh.push_str(&format!("；{}：{}", what.0, names(|name| name.0).join("、")));
            en.push_str(&format!("; {}: {}", what.1, names(|name| name.1).join(", ")));
        }
    };
    let both = |names: Vec<String>| names.into_iter().map(|name| (name.clone(), name)).collect::<Vec<_>>();
    let names = missing.iter().map(|(column, _)| (format!("{}（{}）", column.zh, column.name), column.name.to_owned()));
    say(("缺少", "missing"), names.collect());
    say(("未知", "unknown"), both(unknown));
    say(("重复", "there twice"), both(twice));
    Err(vec![Refusal::row(1, "header_wrong", zh, en)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        http::Language,
        sheets::{Column, column},
    };

    #[test]
    fn a_wrong_header_says_what_is_missing_unknown_and_there_twice() {
        const COLUMNS: &[Column] =
            &[column("code", "编号", "").required(), column("name", "名称", "").required(), column("note", "备注", "")];
        let kind = SheetKind { name: "test", title: ("", ""), columns: COLUMNS, most_rows: 1 };
        let refused = places(&StringRecord::from(vec!["编号", "code", "colour"]), &kind).expect_err("wrong");
        let said = |language| refused[0].reason.in_language(language).to_owned();
        assert_eq!(said(Language::Chinese), "表头有误；缺少：名称（name）；未知：colour；重复：code");
        assert_eq!(said(Language::English), "the header is wrong; missing: name; unknown: colour; there twice: code");
        assert_eq!(places(&StringRecord::from(vec!["名称", "编号*"]), &kind).expect("fits"), [Some(1), Some(0), None]);
    }
}

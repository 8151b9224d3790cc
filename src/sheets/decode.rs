//! The encodings Chinese offices save CSV in: UTF-8 with and without its mark, and GB18030 with the older ones it
//! contains (GBK, GB2312).

use crate::http::{ApiError, Text};
use encoding_rs::GB18030;
use std::borrow::Cow;

/// The text of a CSV file.
///
/// # Errors
/// 422 for another encoding, and for a file in which rows differ in theirs, with the first such row.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ApiError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(unknown());
    }
    let (marked, body) = match bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        Some(body) => (true, body),
        None => (false, bytes),
    };
    let error = match std::str::from_utf8(body) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error,
    };
    if bytes.contains(&0) {
        return Err(unknown());
    }
    if marked {
        return Err(mixed(lines(&body[..error.valid_up_to()]).count(), "UTF-8"));
    }
    if let Some(line) = lines(body).position(is_utf8_chinese) {
        // A row in UTF-8 among rows that are not: whichever was meant, some names would come out as others.
        return Err(mixed(line + 1, "GB18030"));
    }
    GB18030.decode_without_bom_handling_and_without_replacement(body).ok_or_else(|| {
        let broken = |line| GB18030.decode_without_bom_handling_and_without_replacement(line).is_none();
        mixed(lines(body).position(broken).map_or(1, |line| line + 1), "GB18030")
    })
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n')
}

/// Whether a row reads as UTF-8 and has a Chinese character then: rows of GB18030 do so by the rarest of chances.
fn is_utf8_chinese(line: &[u8]) -> bool {
    !line.is_ascii()
        && std::str::from_utf8(line)
            .is_ok_and(|text| text.chars().any(|one| matches!(one, '\u{3400}'..='\u{9fff}' | '\u{ff01}'..='\u{ff5e}')))
}

fn unknown() -> ApiError {
    let detail = Text::new(
        "编码无法识别，请另存为 CSV（UTF-8）或 XLSX。",
        "The encoding is not known here; save the file as CSV (UTF-8) or XLSX.",
    );
    ApiError::field("", "encoding_unknown", detail)
}

fn mixed(line: usize, others: &str) -> ApiError {
    ApiError::field(
        format!("/rows/{line}"),
        "encoding_mixed",
        Text::new(
            format!("第 {line} 行的编码与其余各行（{others}）不一致或已损坏，请将整个文件另存为 UTF-8。"),
            format!("Row {line} is not encoded like the others ({others}), or broken; save the whole file as UTF-8."),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> (String, &'static str) {
        match decode(bytes) {
            Err(ApiError::Invalid(fields)) => (fields[0].pointer.clone(), fields[0].code),
            other => panic!("{other:?}"),
        }
    }

    fn gb(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn utf_8_and_gb18030_read_alike() {
        let text = "户号,姓名\nh-1,王某\nh-2,\u{3400}䶮\n";
        assert_eq!(decode(text.as_bytes()).expect("reads"), text);
        assert_eq!(decode(format!("\u{feff}{text}").as_bytes()).expect("reads"), text);
        assert_eq!(decode(&gb(text)).expect("reads"), text);
        assert_eq!(decode(b"code\nh-1\n").expect("reads"), "code\nh-1\n");
    }

    #[test]
    fn mixed_and_broken_encodings_are_refused_with_their_row() {
        let mut mixed = gb("户号,姓名\nh-1,王某\n");
        mixed.extend("h-2,李某\n".as_bytes());
        assert_eq!(refused(&mixed), ("/rows/3".to_owned(), "encoding_mixed"));
        let mut marked = "\u{feff}户号,姓名\n".as_bytes().to_vec();
        marked.extend(gb("h-1,王某\n"));
        assert_eq!(refused(&marked), ("/rows/2".to_owned(), "encoding_mixed"));
        let mut broken = gb("户号\n王某\n");
        broken.extend([0xff, b'\n']);
        assert_eq!(refused(&broken), ("/rows/3".to_owned(), "encoding_mixed"));
        let utf16: Vec<u8> = "\u{feff}户号\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(refused(&utf16).1, "encoding_unknown");
    }
}

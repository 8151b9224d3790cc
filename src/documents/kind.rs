//! What a file is: told by its first bytes, never by its name. Pure.

use crate::http::Text;

/// Media types that are taken, with the ending a saved file gets.
const TYPES: [(&str, &str); 5] = [
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("image/heic", "heic"),
    ("application/pdf", "pdf"),
];

/// Why content is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentError {
    /// There is none.
    Empty,
    /// It is none of the types that are taken.
    Unknown,
    /// It is of another type than the request says.
    Mismatch {
        /// What it is.
        found: &'static str,
    },
}

impl ContentError {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Empty => "document_empty",
            Self::Unknown => "document_type_unknown",
            Self::Mismatch { .. } => "document_type_mismatch",
        }
    }

    pub(super) fn text(self) -> Text {
        match self {
            Self::Empty => Text::new("文件为空。", "The file is empty."),
            Self::Unknown => Text::new(
                "文件内容须为 JPEG、PNG、WebP、HEIC 图片或 PDF。",
                "The content must be a JPEG, PNG, WebP or HEIC image, or a PDF.",
            ),
            Self::Mismatch { found } => Text::new(
                format!("文件内容实为 {found}，与 Content-Type 不符。"),
                format!("The content is {found}, which is not what Content-Type says."),
            ),
        }
    }
}

/// The type a `Content-Type` names, if it is one that is taken.
pub(super) fn declared(content_type: &str) -> Option<&'static str> {
    let named = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let named = match named.as_str() {
        "image/jpg" => "image/jpeg",
        "image/heif" => "image/heic",
        other => other,
    };
    TYPES.iter().map(|(kind, _)| *kind).find(|kind| *kind == named)
}

/// Checks that content is what it was declared to be.
pub(super) fn check(content: &[u8], declared: &'static str) -> Result<(), ContentError> {
    if content.is_empty() {
        return Err(ContentError::Empty);
    }
    let found = infer::get(content).and_then(|found| self::declared(found.mime_type()));
    match found {
        None => Err(ContentError::Unknown),
        Some(found) if found == declared => Ok(()),
        Some(found) => Err(ContentError::Mismatch { found }),
    }
}

/// The ending of a saved file.
pub(super) fn ending(media_type: &str) -> &'static str {
    TYPES.iter().find(|(kind, _)| *kind == media_type).map_or("bin", |(_, ending)| ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_known_by_its_first_bytes() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        for (content, kind) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
            (heic, "image/heif"),
            (b"%PDF-1.7\n", "application/pdf"),
        ] {
            let declared = declared(kind).expect("taken");
            assert_eq!(check(content, declared), Ok(()), "{kind}");
            assert_eq!(check(b"<script>", declared), Err(ContentError::Unknown), "{kind}");
        }
        let png = declared("image/png; charset=binary").expect("taken");
        assert_eq!(check(b"%PDF-1.7\n", png), Err(ContentError::Mismatch { found: "application/pdf" }));
        assert_eq!(check(b"", png), Err(ContentError::Empty));
        for other in ["image/svg+xml", "text/html", "image/gif", "application/zip", ""] {
            assert_eq!(declared(other), None, "{other}");
        }
        assert_eq!((ending("image/heic"), ending("text/html")), ("heic", "bin"));
    }
}

//! The rows of a list as they come: a page in memory at a time.
//!
//! The pages go on from key to key and not in one snapshot: a row that is there all along is there once, one that is made
//! or ends meanwhile may be there or not.

use super::columns::List;
use crate::{
    access::Session,
    context::Ctx,
    http::{ApiError, Language, MAX_LIMIT},
    sheets::{Format, SheetWriter},
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::stream::{Stream, try_unfold};
use serde_json::Value;
use std::{
    error::Error,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes a page may have.
const PAGE_BYTES: usize = 16 << 20;

/// A list that is read page by page, each asked for as its caller would.
pub(super) struct Source {
    ctx: Ctx,
    session: Session,
    list: List,
    parts: Parts,
    next: Next,
}

type Fault = Box<dyn Error + Send + Sync>;

impl Source {
    /// Asks for the first page; its refusal is the answer.
    pub(super) async fn open(
        ctx: &Ctx,
        session: Session,
        list: List,
        mut parts: Parts,
        next: Next,
    ) -> Result<(Self, Value), Response> {
        parts.headers.remove(header::IF_NONE_MATCH);
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let mut source = Self { ctx: ctx.clone(), session, list, parts, next };
        let response = source.ask(None).await.map_err(IntoResponse::into_response)?;
        if !response.status().is_success() {
            return Err(response);
        }
        let page = read(response).await.map_err(|fault| ApiError::internal(fault).into_response())?;
        Ok((source, page))
    }

    /// Asks for the page behind `cursor`, as long as the session lasts.
    async fn ask(&mut self, cursor: Option<&str>) -> Result<Response, ApiError> {
        self.session.renew(&self.ctx, &mut self.parts.extensions).await?;
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = self.address(cursor)?;
        *request.headers_mut() = HeaderMap::clone(&self.parts.headers);
        *request.extensions_mut() = self.parts.extensions.clone();
        Ok(self.next.clone().run(request).await)
    }

    /// The address without `format`, with pages as large as they may be.
    fn address(&self, cursor: Option<&str>) -> Result<Uri, ApiError> {
        let given = form_urlencoded::parse(self.parts.uri.query().unwrap_or_default().as_bytes());
        let mut query = form_urlencoded::Serializer::new(String::new());
        let ours = |name: &str| self.list.paged && matches!(name, "limit" | "cursor");
        query.extend_pairs(given.filter(|(name, _)| !ours(name)));
        if self.list.paged {
            query.append_pair("limit", &MAX_LIMIT.to_string());
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        format!("{}?{}", self.parts.uri.path(), query.finish()).parse().map_err(ApiError::internal)
    }
}

async fn read(response: Response) -> Result<Value, Fault> {
    let bytes = to_bytes(response.into_body(), PAGE_BYTES).await?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Where the writer writes: what is there is handed on after each page.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Pipe {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where the stream stands.
enum Stage {
    Page(Value),
    After(String),
}

struct Running {
    source: Source,
    pipe: Pipe,
    writer: SheetWriter<Pipe>,
    stage: Stage,
}

/// The file. A fault cuts the transfer short, which the client sees.
pub(super) fn rows(
    source: Source,
    first: Value,
    format: Format,
    language: Language,
) -> impl Stream<Item = Result<Bytes, Fault>> {
    let begun = begin(source, first, format, language);
    try_unfold(begun, |running| async move {
        match running? {
            None => Ok(None),
            Some(running) => step(running).await.map(|(bytes, running)| Some((bytes, Ok(running)))),
        }
    })
}

fn begin(source: Source, first: Value, format: Format, language: Language) -> Result<Option<Running>, Fault> {
    let pipe = Pipe::default();
    let mut writer = SheetWriter::new(format, pipe.clone(), "1")?;
    let header = source.list.header(language);
    writer.texts(header.iter().map(String::as_str))?;
    Ok(Some(Running { source, pipe, writer, stage: Stage::Page(first) }))
}

/// Writes the next page, and with the last one the end of the file.
async fn step(running: Running) -> Result<(Bytes, Option<Running>), Fault> {
    let Running { mut source, pipe, mut writer, stage } = running;
    let page = match stage {
        Stage::Page(page) => page,
        Stage::After(cursor) => {
            let response = source.ask(Some(&cursor)).await.map_err(|error| format!("{error:?}"))?;
            if !response.status().is_success() {
                return Err(format!("a page was answered with {}", response.status()).into());
            }
            read(response).await?
        }
    };
    let items = match &source.list.rows {
        Some(name) => &page[name],
        None => &page,
    };
    for item in items.as_array().into_iter().flatten() {
        for row in source.list.cells(item) {
            writer.row(&row)?;
        }
    }
    let Some(cursor) = page["next_cursor"].as_str().filter(|_| source.list.paged) else {
        writer.finish()?;
        return Ok((pipe.take(), None));
    };
    writer.flush()?;
    let stage = Stage::After(cursor.to_owned());
    Ok((pipe.take(), Some(Running { source, pipe, writer, stage })))
}

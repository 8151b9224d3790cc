//! Lines of the log, and which request each belongs to.
//!
//! Who asked for what is put into words only when a line is written: most requests write none.

use axum::{extract::MatchedPath, http::Method};
use std::{
    fmt::{self, Display},
    sync::Arc,
};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

tokio::task_local! {
    static PRESENT: Arc<About>;
}

/// What a line says of its request.
pub struct About {
    /// The request's number.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Its route, ids left open; none where no route fits.
    pub route: Option<MatchedPath>,
    /// The caller's own number of it.
    pub caller_id: Option<String>,
}

impl About {
    /// The route as logs and metrics name it.
    #[must_use]
    pub fn route(&self) -> &str {
        self.route.as_ref().map_or("unmatched", MatchedPath::as_str)
    }

    /// Lines written by `work` are this request's.
    pub async fn during<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        PRESENT.scope(Arc::clone(self), work).await
    }

    /// The same for what does not wait.
    pub fn say(self: &Arc<Self>, write: impl FnOnce()) {
        PRESENT.sync_scope(Arc::clone(self), write);
    }
}

impl Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request{{id={} method={} route={}", self.id, self.method, self.route())?;
        if let Some(caller_id) = &self.caller_id {
            write!(f, " caller_id={caller_id}")?;
        }
        f.write_str("}: ")
    }
}

/// A line of the log: time, level, request, where it was written, what it says; without colours, for files.
pub struct Lines;

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let about = event.metadata();
        SystemTime.format_time(&mut writer)?;
        write!(writer, " {:>5} ", about.level())?;
        // Outside a request there is nothing to say of it.
        PRESENT.try_with(|request| write!(writer, "{request}")).unwrap_or(Ok(()))?;
        write!(writer, "{}: ", about.target())?;
        ctx.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::{self, Write},
        sync::{Mutex, PoisonError},
    };

    /// A log that is kept.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_line_names_its_request_and_no_other() {
        let kept = Kept::default();
        let pen = kept.clone();
        let subscriber =
            tracing_subscriber::fmt().with_ansi(false).event_format(Lines).with_writer(move || pen.clone()).finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let about =
            Arc::new(About { id: "n-1".into(), method: Method::GET, route: None, caller_id: Some("mine".into()) });
        about.during(async { tracing::warn!(left = 3, "little is left") }).await;
        tracing::info!("nobody asked");
        about.say(|| tracing::error!("it failed"));
        let text = String::from_utf8(kept.0.lock().expect("unbroken").clone()).expect("a text");
        let lines: Vec<&str> = text.lines().collect();
        let request = "request{id=n-1 method=GET route=unmatched caller_id=mine}: ";
        assert!(
            lines[0].ends_with(&format!("  WARN {request}xiaonong::http::log::tests: little is left left=3")),
            "{text}"
        );
        assert!(lines[1].ends_with("  INFO xiaonong::http::log::tests: nobody asked"), "{text}");
        assert!(lines[2].ends_with(&format!(" ERROR {request}xiaonong::http::log::tests: it failed")), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}

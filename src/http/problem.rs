//! What went wrong, as RFC 9457 problems: the only place that knows status codes.

use super::text::{Language, Text};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sea_orm::DbErr;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the request body, or `?name` for a query parameter.
    pub pointer: String,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what would be right.
    pub detail: Text,
}

impl FieldError {
    /// A wrong field.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: Text) -> Self {
        Self { pointer: pointer.into(), code, detail }
    }
}

/// Every way a request can fail. Domain errors turn into one of these; nothing else answers with a status above 399.
#[derive(Clone, Debug)]
pub enum ApiError {
    /// 400: the request cannot be read: broken JSON, unknown parameter, missing header.
    Malformed(FieldError),
    /// 401: no valid credentials.
    Unauthenticated {
        /// Stable code.
        code: &'static str,
        /// What to do.
        detail: Text,
    },
    /// 403: the caller may see this but not do that.
    Forbidden,
    /// 403: the same, with the reason in this case.
    Refused {
        /// Stable code.
        code: &'static str,
        /// Why not, and what may be done instead.
        detail: Text,
    },
    /// 403: a one-time password must be replaced first.
    PasswordChangeRequired,
    /// 403: a second factor must be enrolled first.
    SecondFactorNeeded,
    /// 404: no such thing in the caller's reach.
    NotFound,
    /// 405: no such method here.
    MethodNotAllowed,
    /// 409: the request is fine but the state is not.
    Conflict {
        /// Stable code.
        code: &'static str,
        /// What stands in the way.
        detail: Text,
        /// The fields concerned, if any.
        errors: Vec<FieldError>,
    },
    /// 412: the `If-Match` version is not the present one.
    Stale {
        /// The present version.
        version: i64,
    },
    /// 412: what was looked at before is another one by now.
    Outdated {
        /// Stable code.
        code: &'static str,
        /// What to do.
        detail: Text,
    },
    /// 413: body above the limit.
    TooLarge,
    /// 415: not a media type this call reads.
    UnsupportedMediaType,
    /// 422: fields that break a rule.
    Invalid(Vec<FieldError>),
    /// 429: too many tries.
    TooMany {
        /// Seconds to wait.
        retry_after: i64,
    },
    /// 500: ours; the cause is logged, never shown.
    Internal(Arc<dyn std::error::Error + Send + Sync>),
    /// 503: busy or going down; worth a retry.
    Unavailable,
}

impl ApiError {
    /// A single broken field.
    pub fn field(pointer: impl Into<String>, code: &'static str, detail: Text) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// A state that does not allow the request.
    #[must_use]
    pub fn conflict(code: &'static str, detail: Text) -> Self {
        Self::Conflict { code, detail, errors: Vec::new() }
    }

    /// Seen but not allowed, and why.
    #[must_use]
    pub fn refused(code: &'static str, detail: Text) -> Self {
        Self::Refused { code, detail }
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(Arc::from(cause.into()))
    }

    /// The status this problem is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Refused { .. } | Self::PasswordChangeRequired | Self::SecondFactorNeeded => {
                StatusCode::FORBIDDEN
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::Stale { .. } | Self::Outdated { .. } => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Malformed(field) => field.code,
            Self::Unauthenticated { code, .. }
            | Self::Refused { code, .. }
            | Self::Conflict { code, .. }
            | Self::Outdated { code, .. } => code,
            Self::Forbidden => "forbidden",
            Self::PasswordChangeRequired => "password_change_required",
            Self::SecondFactorNeeded => "second_factor_needed",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Stale { .. } => "stale_version",
            Self::TooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Invalid(_) => "invalid",
            Self::TooMany { .. } => "too_many_requests",
            Self::Internal(_) => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::Malformed(_) => Text::new("请求无法读取", "The request cannot be read"),
            Self::Unauthenticated { .. } => Text::new("需要登录", "Log in first"),
            Self::Forbidden | Self::Refused { .. } => Text::new("无权进行此操作", "Not allowed"),
            Self::PasswordChangeRequired => Text::new("请先修改一次性口令", "Replace the one-time password first"),
            Self::SecondFactorNeeded => Text::new("请先绑定动态口令", "Enrol a second factor first"),
            Self::NotFound => Text::new("未找到", "Not found"),
            Self::MethodNotAllowed => Text::new("此处不支持该方法", "Method not allowed here"),
            Self::Conflict { .. } => Text::new("当前状态不允许", "The present state does not allow this"),
            Self::Stale { .. } | Self::Outdated { .. } => {
                Text::new("数据已被他人更新", "Changed by someone else meanwhile")
            }
            Self::TooLarge => Text::new("请求体过大", "The body is too large"),
            Self::UnsupportedMediaType => Text::new("不支持的内容类型", "Unsupported content type"),
            Self::Invalid(_) => Text::new("填写内容有误", "Some fields are wrong"),
            Self::TooMany { .. } => Text::new("尝试过于频繁", "Too many tries"),
            Self::Internal(_) => Text::new("服务内部错误", "Internal error"),
            Self::Unavailable => Text::new("服务暂时不可用", "Temporarily unavailable"),
        }
    }

    fn detail(&self) -> Text {
        match self {
            Self::Malformed(field) => field.detail.clone(),
            Self::Unauthenticated { detail, .. }
            | Self::Refused { detail, .. }
            | Self::Conflict { detail, .. }
            | Self::Outdated { detail, .. } => detail.clone(),
            Self::Forbidden => Text::new("您的角色不能进行此操作。", "Your role may not do this."),
            Self::PasswordChangeRequired => Text::new(
                "请调用 POST /api/v1/me/password 设置新口令。",
                "Set a new one with POST /api/v1/me/password.",
            ),
            Self::SecondFactorNeeded => Text::new(
                "您的角色须使用动态口令：请调用 POST /api/v1/me/totp 绑定。",
                "Your role needs one-time codes: enrol with POST /api/v1/me/totp.",
            ),
            Self::NotFound => {
                Text::new("不存在，或不在您的权限范围内。", "It does not exist, or lies outside your reach.")
            }
            Self::MethodNotAllowed => Text::new("请查看接口文档。", "See the API documentation."),
            Self::Stale { version } => Text::new(
                format!("当前版本为 {version}，请重新读取后再提交。"),
                format!("The present version is {version}; read it again, then resubmit."),
            ),
            Self::TooLarge => Text::new("请减小请求内容。", "Send less at once."),
            Self::UnsupportedMediaType => {
                Text::new("请按接口文档设置 Content-Type。", "Set Content-Type as documented.")
            }
            Self::Invalid(errors) => Text::new(
                format!("{} 处需要更正，见 errors。", errors.len()),
                format!("{} to correct, see errors.", errors.len()),
            ),
            Self::TooMany { retry_after } => {
                Text::new(format!("请在 {retry_after} 秒后重试。"), format!("Try again in {retry_after} seconds."))
            }
            Self::Internal(_) => Text::new("请凭请求编号联系管理员。", "Give the request id to the administrator."),
            Self::Unavailable => Text::new("请稍后重试。", "Try again shortly."),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Malformed(field) if !field.pointer.is_empty() => std::slice::from_ref(field),
            Self::Conflict { errors, .. } | Self::Invalid(errors) => errors,
            _ => &[],
        }
    }

    /// The problem as it is sent.
    #[must_use]
    pub fn body(&self, language: Language, request_id: &str) -> ProblemBody {
        ProblemBody {
            r#type: format!("urn:xiaonong:problem:{}", self.code()),
            title: self.title().in_language(language).to_owned(),
            status: self.status().as_u16(),
            code: self.code().to_owned(),
            detail: self.detail().in_language(language).to_owned(),
            errors: self
                .fields()
                .iter()
                .map(|field| FieldProblem {
                    pointer: field.pointer.clone(),
                    code: field.code.to_owned(),
                    detail: field.detail.in_language(language).to_owned(),
                })
                .collect(),
            request_id: request_id.to_owned(),
        }
    }

    /// The problem as a response in `language`.
    #[must_use]
    pub fn render(&self, language: Language, request_id: &str) -> Response {
        let mut response = (self.status(), Json(self.body(language, request_id))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        match self {
            Self::TooMany { retry_after } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after));
            }
            Self::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Self::Unauthenticated { .. } => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

/// `application/problem+json` (RFC 9457) with a stable `code` and the fields concerned.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:xiaonong:problem:` and the code.
    #[schema(example = "urn:xiaonong:problem:invalid")]
    pub r#type: String,
    /// Kind of problem, in the caller's language.
    #[schema(example = "填写内容有误")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// Stable code for programs.
    #[schema(example = "invalid")]
    pub code: String,
    /// What happened and what to do, in the caller's language.
    #[schema(example = "1 处需要更正，见 errors。")]
    pub detail: String,
    /// The fields concerned.
    pub errors: Vec<FieldProblem>,
    /// Number of this request in the logs.
    #[schema(example = "01990000-0000-7000-8000-0000000000aa")]
    pub request_id: String,
}

/// One field of a problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer into the body, or `?name` for a query parameter.
    #[schema(example = "/lines/0/quantity")]
    pub pointer: String,
    /// Stable code for programs.
    #[schema(example = "insufficient_stock")]
    pub code: String,
    /// What is wrong, in the caller's language.
    #[schema(example = "库存不足：可订 5.000 千克。")]
    pub detail: String,
}

impl From<DbErr> for ApiError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) => Self::Unavailable,
            other => Self::internal(other),
        }
    }
}

/// The problem rides in the extensions; the outer layer writes it in the caller's language.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

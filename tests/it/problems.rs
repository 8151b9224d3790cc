//! Whatever goes wrong is told the same way: RFC 9457, a stable code, Chinese or English, the request's number.

use crate::support::app::{App, PASSWORD, on_both};
use serde_json::{Value, json};

/// Sends `body` to the log-in in both languages; checks the answers and returns the sentences at `pointer`.
async fn refused_field(app: &App, body: &Value, pointer: &str, code: &str) -> (String, String) {
    let chinese = app.post("/auth/login", body.clone()).await;
    let english = app.post("/auth/login", body.clone()).english().await;
    assert_eq!(chinese.refused(422, "invalid")["title"], "填写内容有误");
    assert_eq!(english.refused(422, "invalid")["title"], "Some fields are wrong");
    (chinese.points_at(pointer, code), english.points_at(pointer, code))
}

on_both! {
    async fn a_wrong_field_is_named_by_its_pointer(app: &App) {
        for (body, pointer, code, chinese, english) in [
            (json!({"username": "a", "password": "b", "a/b~": 1}), "/a~1b~0", "unknown_field", "未知字段 a/b~；可用：username、password、code。", "There is no field a/b~; known: username, password, code."),
            (json!({"username": "a"}), "/password", "required", "缺少字段 password。", "The field password is missing."),
            (json!({"username": 7, "password": "b"}), "/username", "wrong_type", "类型或格式不对。", "Wrong type or format."),
            (json!([]), "", "wrong_type", "类型或格式不对。", "Wrong type or format."),
        ] {
            let told = refused_field(app, &body, pointer, code).await;
            assert!(told.0.starts_with(chinese) && told.1.starts_with(english), "{told:?}");
        }
    }

    async fn a_body_that_cannot_be_read_is_a_bad_request(app: &App) {
        let login = || app.call("POST", "/api/v1/auth/login");
        for body in ["{", "", "null", "{}x", "{\"username\": \"a\", \"username\": \"b\", \"password\": \"c\"}"] {
            assert!([400, 422].contains(&login().text("application/json", body).await.status), "{body}");
        }
        login().text("application/json", "{\"username\": }").await.refused(400, "json_malformed");
        let control = r#"{"username": "a\u0000b", "password": "\\u0000 is fine"}"#;
        login().text("application/json", control).await.refused(400, "control_character");
        let escaped = r#"{"username": "a\\u0000b\n\u0009", "password": "c"}"#;
        login().text("application/json; charset=utf-8", escaped).await.refused(401, "login_failed");
        let answer = login().text("text/plain", &json!({"username": "a", "password": "b"}).to_string()).await;
        answer.refused(415, "unsupported_media_type");
    }

    async fn the_router_s_own_refusals_look_the_same(app: &App) {
        let long = json!({"username": "a", "password": "x".repeat(1024 * 1024)});
        for (call, status, code, chinese, english) in [
            (["GET", "/api/v1/nothing"], 404, "not_found", "未找到", "Not found"),
            (["GET", "/elsewhere"], 404, "not_found", "未找到", "Not found"),
            (["DELETE", "/api/v1/me"], 405, "method_not_allowed", "此处不支持该方法", "Method not allowed here"),
            (["POST", "/api/v1/auth/login"], 413, "body_too_large", "请求体过大", "The body is too large"),
        ] {
            let body = if status == 413 { long.clone() } else { json!({}) };
            let told = app.call(call[0], call[1]).json(&body).await;
            assert_eq!(told.refused(status, code)["title"], chinese);
            assert_eq!(told.header("content-language"), "zh-CN");
            let told = app.call(call[0], call[1]).json(&body).english().await;
            assert_eq!(told.refused(status, code)["title"], english);
            assert_eq!(told.header("content-language"), "en");
            assert_eq!(told.header("x-content-type-options"), "nosniff");
        }
    }

    async fn a_fault_of_ours_says_nothing_but_its_number(app: &App) {
        app.execute("alter table account rename to hidden_name").await;
        let answer = app.post("/auth/login", json!({"username": "a", "password": "b"})).english().await;
        let problem = answer.refused(500, "internal");
        assert_eq!(problem["detail"], "Give the request id to the administrator.");
        assert_eq!(problem["errors"], json!([]));
        assert!(!answer.text().contains("account") && !answer.text().contains("sql"), "{}", answer.text());
        app.execute("alter table hidden_name rename to account").await;
    }

    async fn without_a_database_the_service_is_alive_but_not_ready(app: &App) {
        let replica = app.second_replica().await;
        assert_eq!(replica.call("GET", "/readyz").await.status, 200);
        replica.ctx.store.clone().close().await;
        assert_eq!(replica.call("GET", "/healthz").await.status, 200);
        replica.call("GET", "/readyz").await.refused(503, "unavailable");
        let metrics = replica.call("GET", "/metrics").await;
        let line = "xiaonong_http_requests_total{method=\"GET\",route=\"/readyz\",status=\"503\"} 1";
        assert!(metrics.text().contains(line), "{}", metrics.text());
    }

    async fn an_unchanged_answer_is_not_sent_again(app: &App) {
        app.account("li.lan").await;
        let token = app.login("li.lan").await;
        let tag = app.get("/me").by(&token).await.header("etag").to_owned();
        for held in [tag.as_str(), &format!("\"other\", {tag}"), "*"] {
            let again = app.get("/me").by(&token).header("if-none-match", held).await;
            assert_eq!((again.status, again.bytes.len()), (304, 0), "{held}");
            assert_eq!(again.header("etag"), tag);
        }
        let change = json!({"current": PASSWORD, "new": "苗岭梯田里的稻花香二十里"});
        app.post("/me/password", change).by(&token).await.ok();
        app.execute("update account set display_name = '李兰'").await;
        let changed = app.get("/me").by(&token).header("if-none-match", &tag).await;
        assert_eq!(changed.ok()["display_name"], "李兰");
    }
}

//! Many rows in one statement: both databases keep the same values.

use crate::support::app::on_both;
use chrono::NaiveDate;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, Statement, Value, entity::prelude::*};
use xiaonong::store::bulk::{self, Kind, Rows};

mod sample {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sample")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub id: Option<Uuid>,
        pub long: Option<i64>,
        pub int: Option<i32>,
        pub text: Option<String>,
        pub flag: bool,
        pub day: Option<Date>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

const TABLE: &str = "create table sample (number integer primary key, id uuid, long bigint, int integer, text text, \
                     flag boolean not null, day date)";

fn empty(number: i32) -> sample::Model {
    sample::Model { number, id: None, long: None, int: None, text: None, flag: false, day: None }
}

fn full(number: i32, text: &str) -> sample::Model {
    sample::Model {
        number,
        id: Some(Uuid::from_u128(u128::MAX / 3)),
        long: Some(i64::MAX),
        int: Some(i32::MIN),
        text: Some(text.to_owned()),
        flag: true,
        day: NaiveDate::from_ymd_opt(2024, 2, 29),
    }
}

const TEXTS: [&str; 9] = [
    "",
    "null",
    "it's \"quoted\" \\ back",
    "{a,b},NULL",
    "威宁洋芋 20 斤",
    "\t\r\n",
    "\u{2}\u{1f}\u{7f}",
    "🥔",
    "%_$1?",
];

on_both! {
    async fn rows_come_back_as_they_went_in(app: &App) {
        app.execute(TABLE).await;
        let mut rows = vec![empty(0)];
        rows.extend(TEXTS.iter().zip(1..).map(|(text, number)| full(number, text)));
        rows.push(sample::Model { id: Some(Uuid::nil()), long: Some(i64::MIN), int: Some(0), ..empty(99) });
        rows.push(sample::Model { day: NaiveDate::from_ymd_opt(1949, 10, 1), long: Some(-1), ..empty(100) });
        let txn = app.ctx.store.begin().await.expect("begins");
        assert_eq!(bulk::insert_with::<sample::Model>(&txn, &[], "").await.expect("nothing is fine"), 0);
        bulk::insert(&txn, &rows).await.expect("inserts");
        txn.commit().await.expect("commits");
        let read = sample::Entity::find().order_by_asc(sample::Column::Number).all(app.ctx.store.primary()).await;
        assert_eq!(read.expect("reads"), rows);
    }

    async fn rows_that_are_there_are_passed_over(app: &App) {
        app.execute(TABLE).await;
        let txn = app.ctx.store.begin().await.expect("begins");
        let first = [full(1, "first"), full(2, "first")];
        let second = [full(2, "second"), full(3, "second")];
        let clause = "on conflict do nothing";
        assert_eq!(bulk::insert_with(&txn, &first, clause).await.expect("inserts"), 2);
        assert_eq!(bulk::insert_with(&txn, &second, clause).await.expect("inserts"), 1);
        txn.commit().await.expect("commits");
        let texts = app.texts("select text from sample order by number").await;
        assert_eq!(texts, ["first", "first", "second"]);
        let txn = app.ctx.store.begin().await.expect("begins");
        let error = bulk::insert(&txn, &second).await.expect_err("a key is taken");
        assert!(xiaonong::store::is_duplicate(&error), "{error}");
    }

    async fn values_that_stand_for_nothing_are_refused(app: &App) {
        app.execute(TABLE).await;
        let txn = app.ctx.store.begin().await.expect("begins");
        for row in [
            sample::Model { id: Some(Uuid::max()), ..empty(1) },
            sample::Model { long: Some(i64::MIN + 1), ..empty(2) },
            sample::Model { int: Some(i32::MIN + 1), ..empty(3) },
            full(4, "a\u{0}b"),
            full(5, "\u{1}"),
        ] {
            bulk::insert(&txn, std::slice::from_ref(&row)).await.expect_err(&format!("{row:?}"));
        }
    }

    async fn rows_can_be_a_relation(app: &App) {
        let names = ["id", "code", "weight", "wanted", "day"];
        let kinds = [Kind::Uuid, Kind::Text, Kind::Long, Kind::Bool, Kind::Date];
        let row = |wanted: bool, code: Option<&str>, day: Option<NaiveDate>| {
            let id = Value::Uuid(Some(Uuid::nil()));
            vec![id, code.map(str::to_owned).into(), 7_i64.into(), wanted.into(), Value::ChronoDate(day)]
        };
        let rows = vec![row(true, Some("'jin'"), NaiveDate::from_ymd_opt(2026, 3, 2)), row(false, None, None)];
        let backend = app.ctx.store.backend();
        let (relation, values) = Rows::new(&names, &kinds, rows).relation(backend).expect("a relation");
        let sql = format!("select count(r.code), count(r.day), count(r.id), min(r.weight) from {relation} where r.wanted");
        for (sql, expected) in [(sql.clone(), [1, 1, 1, 7]), (sql.replace("where r.wanted", ""), [1, 1, 2, 7])] {
            let statement = Statement::from_sql_and_values(backend, &sql, values.clone());
            let found = app.ctx.store.primary().query_one_raw(statement).await.expect("reads").expect("a row");
            let numbers = [0, 1, 2, 3].map(|index| found.try_get_by_index::<i64>(index).expect("a number"));
            assert_eq!(numbers, expected);
        }
    }
}

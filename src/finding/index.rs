//! Keeps the terms of every name: written with the name, and made up for names written by other means.

use super::{
    subject::{Subject, table_of},
    words,
};
use crate::{
    context::Ctx,
    store::bulk::{self, Kind, Rows},
};
use entity::{bundle, school, search_name, search_term, supplier};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, FromQueryResult, Statement};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Names taken at once: some sixty terms each.
const AT_ONCE: usize = 500;
/// Under which the database remembers that every name has its terms.
const MARK: &str = "search";
/// Counts up when the terms of a name become others; a migration empties the tables then.
const RULES: &str = "2";

/// Puts the terms of these rows in place of those they had, in the transaction that writes their names, codes, divisions or
/// traits. Rows that have theirs cost one query for all.
///
/// # Errors
/// When the database refuses.
pub async fn put<S: Subject>(db: &impl ConnectionTrait, rows: &[S]) -> Result<(), DbErr> {
    for rows in rows.chunks(AT_ONCE) {
        put_some(db, rows).await?;
    }
    Ok(())
}

/// Reads these rows anew and puts their terms: for what is written without reading it.
///
/// # Errors
/// When the database refuses.
pub async fn renew<S: Subject>(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    let backend = db.get_database_backend();
    for ids in ids.chunks(AT_ONCE) {
        let (relation, values) = bulk::ids(backend, ids.iter().copied())?;
        let sql = format!("select s.* from {relation} cross join {} s where s.id = r.id", table_of::<S>());
        let rows = S::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(db).await?;
        put_some(db, &rows).await?;
    }
    Ok(())
}

async fn put_some<S: Subject>(db: &impl ConnectionTrait, rows: &[S]) -> Result<(), DbErr> {
    let known = known::<S>(db, rows).await?;
    let mut names = Vec::new();
    let mut gone = Vec::new();
    let mut new: BTreeMap<(String, Uuid), (&str, String)> = BTreeMap::new();
    for row in rows {
        let ([name, code, division], traits, id) = (row.sought_by(), row.traits(), row.subject_id());
        let before = known.get(&id);
        let moved = before.is_none_or(|before| before.division_code != division || before.traits != traits);
        if !moved && before.is_some_and(|before| [&*before.name, &*before.code] == [name, code]) {
            continue;
        }
        let terms = words::terms(S::KIND, name, code);
        let old = before.map(|before| words::terms(S::KIND, &before.name, &before.code)).unwrap_or_default();
        gone.extend(old.difference(&terms).map(|term| (term.clone(), id)));
        new.extend(
            terms
                .iter()
                .filter(|term| moved || !old.contains(*term))
                .map(|term| ((term.clone(), id), (division, traits.clone()))),
        );
        names.push(search_name::Model {
            subject_kind: S::KIND,
            subject_id: id,
            name: name.to_owned(),
            code: code.to_owned(),
            division_code: division.to_owned(),
            traits,
        });
    }
    remove(db, gone).await?;
    // In the order of the index, so that neighbours are written together.
    let new: Vec<search_term::Model> = new
        .into_iter()
        .map(|((term, subject_id), (division, traits))| search_term::Model {
            term,
            subject_id,
            division_code: division.to_owned(),
            traits,
        })
        .collect();
    let moved = "on conflict (term, subject_id) do update set division_code = excluded.division_code,
        traits = excluded.traits";
    bulk::insert_with(db, &new, if known.is_empty() { "" } else { moved }).await?;
    let renamed = "on conflict (subject_kind, subject_id) do update set name = excluded.name, code = excluded.code,
        division_code = excluded.division_code, traits = excluded.traits";
    bulk::insert_with(db, &names, renamed).await?;
    Ok(())
}

async fn known<S: Subject>(db: &impl ConnectionTrait, rows: &[S]) -> Result<BTreeMap<Uuid, search_name::Model>, DbErr> {
    let backend = db.get_database_backend();
    let (relation, mut values) = bulk::ids(backend, rows.iter().map(Subject::subject_id))?;
    values.push(S::KIND.into());
    // Across a cross join SQLite begins at the ids; else it reads all names there are and looks each up among them.
    let sql = format!(
        "select n.* from {relation} cross join search_name n where n.subject_id = r.id and n.subject_kind = $2"
    );
    let found = search_name::Model::find_by_statement(Statement::from_sql_and_values(backend, sql, values));
    Ok(found.all(db).await?.into_iter().map(|row| (row.subject_id, row)).collect())
}

async fn remove(db: &impl ConnectionTrait, terms: Vec<(String, Uuid)>) -> Result<(), DbErr> {
    if terms.is_empty() {
        return Ok(());
    }
    let backend = db.get_database_backend();
    let cells = terms.into_iter().map(|(term, id)| vec![term.into(), id.into()]).collect();
    let (relation, values) = Rows::new(&["term", "id"], &[Kind::Text, Kind::Uuid], cells).relation(backend)?;
    let sql = format!("delete from search_term where (term, subject_id) in (select r.term, r.id from {relation})");
    db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await.map(drop)
}

/// Gives every school and supplier its terms, once for a database; answers how many had none.
///
/// # Errors
/// When the database refuses; what was given stays, and the next call goes on.
pub async fn prepare(ctx: &Ctx) -> Result<usize, DbErr> {
    let done = bundle::Entity::find_by_id(MARK).one(ctx.store.primary()).await?;
    if done.is_some_and(|done| done.digest == RULES) {
        return Ok(0);
    }
    let given = catch_up(ctx).await?;
    let txn = ctx.store.begin().await?;
    let mark = bundle::Model { name: MARK.to_owned(), digest: RULES.to_owned(), loaded_at: ctx.clock.now() };
    bulk::insert_with(&txn, &[mark], "on conflict (name) do update set digest = excluded.digest").await?;
    txn.commit().await?;
    Ok(given)
}

/// Gives the schools and suppliers their terms whose names were written by other means than this program; answers how
/// many there were.
///
/// # Errors
/// When the database refuses; what was given stays.
pub async fn catch_up(ctx: &Ctx) -> Result<usize, DbErr> {
    Ok(catch_up_with::<school::Model>(ctx).await? + catch_up_with::<supplier::Model>(ctx).await?)
}

async fn catch_up_with<S: Subject>(ctx: &Ctx) -> Result<usize, DbErr> {
    let table = table_of::<S>();
    let traits = S::TRAITS;
    let sql = format!(
        "select s.* from {table} s left join search_name n on n.subject_id = s.id and n.subject_kind = '{table}'
         where n.subject_id is null or n.name <> s.name or n.code <> s.code or n.division_code <> s.division_code
         or n.traits <> {traits} limit {AT_ONCE}"
    );
    let mut given = 0;
    loop {
        let txn = ctx.store.begin().await?;
        let statement = Statement::from_string(txn.get_database_backend(), sql.as_str());
        let rows = S::find_by_statement(statement).all(&txn).await?;
        put(&txn, &rows).await?;
        txn.commit().await?;
        given += rows.len();
        if rows.len() < AT_ONCE {
            return Ok(given);
        }
    }
}

//! The rooms use one another one way only; rules know neither HTTP nor a database. Read from the source text.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// What every room may use. None of these may use a room or what stands on top.
const GROUND: [&str; 13] = [
    "access", "audit", "cache", "clock", "config", "context", "finding", "http", "metrics", "province", "sheets",
    "store", "vault",
];
/// The rooms: each may use those before it.
const ROOMS: [&str; 10] = [
    "registry",
    "documents",
    "suppliers",
    "households",
    "catalogue",
    "ordering",
    "delivery",
    "ledger",
    "share",
    "statements",
];
/// What puts the rooms together.
const TOP: [&str; 12] =
    ["app", "arenas", "cli", "demo", "exports", "imports", "jobs", "lib", "main", "monitor", "openapi", "simulate"];
/// Rules without I/O: they may use the entities' types and other rules, and nothing that talks to anyone.
const PURE: [&str; 13] = [
    "finding/distance.rs",
    "finding/words.rs",
    "access/granting.rs",
    "ordering/order.rs",
    "delivery/weighing.rs",
    "ledger/class.rs",
    "ledger/evidence.rs",
    "share/reading.rs",
    "households/period.rs",
    "households/lists/judge.rs",
    "http/text.rs",
    "suppliers/verification/rules.rs",
    "vault/personal.rs",
];

/// Whether a file of module `from` may name module `to`.
fn allowed(from: &str, to: &str) -> bool {
    let room = |name: &str| ROOMS.iter().position(|room| *room == name);
    if from == to || TOP.contains(&from) || GROUND.contains(&to) {
        return true;
    }
    match (room(from), room(to)) {
        (Some(from), Some(to)) => to < from,
        _ => false,
    }
}

/// The modules of this crate that a source text names: `crate::x`, and each branch of `crate::{x, y::{…}}`.
fn named_modules(source: &str) -> BTreeSet<String> {
    let code: String =
        source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut names = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let whole_word =
            !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$');
        if !whole_word {
            continue;
        }
        let rest = &code[at + path.len()..];
        let Some(tree) = rest.strip_prefix('{') else {
            names.extend(first_name(rest));
            continue;
        };
        let mut depth = 0_i32;
        let mut branch_starts = true;
        for (offset, character) in tree.char_indices() {
            if depth == 0 && branch_starts && !character.is_whitespace() {
                names.extend(first_name(&tree[offset..]));
                branch_starts = false;
            }
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => branch_starts = true,
                _ => {}
            }
        }
    }
    names
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect();
    (!name.is_empty()).then_some(name)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The edges of a file of module `from` that run the wrong way.
fn wrong_edges(from: &str, source: &str) -> Vec<String> {
    // Macros and constants at the root of the crate are nobody's room.
    let module = |name: &String| {
        GROUND.contains(&name.as_str()) || ROOMS.contains(&name.as_str()) || TOP.contains(&name.as_str())
    };
    named_modules(source).into_iter().filter(module).filter(|to| !allowed(from, to)).collect()
}

#[test]
fn the_rooms_use_one_another_one_way_only() {
    let src = root().join("src");
    let mut edges = 0;
    for file in sources(&src) {
        let inside = file.strip_prefix(&src).expect("inside");
        let from = inside.iter().next().and_then(|part| Path::new(part).file_stem()?.to_str()).expect("a module");
        let known = GROUND.contains(&from) || ROOMS.contains(&from) || TOP.contains(&from);
        assert!(known, "src/{from}: say in tests/it/direction.rs where it stands");
        let source = fs::read_to_string(&file).expect("text");
        edges += named_modules(&source).len();
        let wrong = wrong_edges(from, &source);
        assert!(wrong.is_empty(), "{} must not use {wrong:?}", inside.display());
    }
    assert!(edges > 100, "only {edges} edges were found: the scanner is blind");
}

#[test]
fn the_tables_know_nothing_of_the_service() {
    for member in ["entity/src", "migration/src"] {
        for file in sources(&root().join(member)) {
            let source = fs::read_to_string(&file).expect("text");
            assert!(!source.contains("xiaonong::"), "{}", file.display());
        }
    }
}

#[test]
fn rules_talk_to_nobody() {
    for name in PURE {
        let file = root().join("src").join(name);
        let source =
            fs::read_to_string(&file).unwrap_or_else(|_| panic!("{name} has moved: say so in tests/it/direction.rs"));
        for outside in ["axum", "sea_orm", "tokio", "redis", "crate::store", "crate::context", "std::fs"] {
            assert!(!source.contains(outside), "src/{name} is a rule and uses {outside}");
        }
    }
}

#[test]
fn the_scanner_finds_a_forbidden_edge() {
    let source = "
        use crate::{
            access::{Actor, policy::{self, Scope}}, // crate::share in a remark is none
            ledger::{Line, record}, store::Work,
        };
        use crate::http::ApiError;
        fn total() { $crate::delivery::x(); other_crate::share::y(); crate::share::rate() }
    ";
    let named: Vec<String> = named_modules(source).into_iter().collect();
    assert_eq!(named, ["access", "http", "ledger", "share", "store"]);
    assert_eq!(wrong_edges("ordering", source), ["ledger", "share"]);
    assert_eq!(wrong_edges("ledger", source), ["share"]);
    assert_eq!(wrong_edges("http", source), ["ledger", "share"]);
    assert_eq!(wrong_edges("app", source), Vec::<String>::new());
    assert!(!allowed("share", "app") && !allowed("store", "demo") && !allowed("registry", "suppliers"));
}

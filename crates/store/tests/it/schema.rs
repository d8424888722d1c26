use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use store::Location;

use crate::database::Db;

/// What both engines must agree on: columns with nullability, and unique keys with whether they are partial.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    columns: Vec<(String, Kind, bool)>,
    unique: BTreeSet<(Vec<String>, bool)>,
    references: BTreeSet<(String, String)>,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
    Bytes,
}

type Schema = BTreeMap<String, Table>;

/// Columns that SQLite has no type for and keeps as 0 and 1.
const BOOLEANS: [&str; 15] = [
    "active",
    "reachable",
    "ok",
    "attach_pdf",
    "enabled",
    "so_far",
    "second_factor",
    "ended",
    "owes",
    "to_operations",
    "to_client",
    "by_mail",
    "by_whatsapp",
    "all_companies",
    "waiting",
];

async fn of_sqlite(connection: &mut SqliteConnection) -> Schema {
    let mut schema = Schema::new();
    let tables = sqlx::query_scalar::<_, String>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\'",
    );
    for name in tables.fetch_all(&mut *connection).await.unwrap() {
        let mut table = Table::default();
        let mut primary = BTreeMap::new();
        let columns =
            sqlx::query("SELECT name, type, \"notnull\", pk FROM pragma_table_info($1) ORDER BY cid");
        for row in columns.bind(&name).fetch_all(&mut *connection).await.unwrap() {
            let column: String = row.get("name");
            let kind = match row.get::<String, _>("type").as_str() {
                "TEXT" => Kind::Text,
                "BLOB" => Kind::Bytes,
                "INTEGER" if BOOLEANS.contains(&column.as_str()) => Kind::Boolean,
                "INTEGER" => Kind::Integer,
                other => panic!("{name}.{column} is {other}"),
            };
            if row.get::<i64, _>("pk") > 0 {
                primary.insert(row.get::<i64, _>("pk"), column.clone());
            }
            table.columns.push((column, kind, row.get::<i64, _>("notnull") == 1));
        }
        table.unique.insert((primary.into_values().collect(), false));
        let indexes = sqlx::query("SELECT name, partial FROM pragma_index_list($1) WHERE \"unique\" = 1");
        for index in indexes.bind(&name).fetch_all(&mut *connection).await.unwrap() {
            let columns = sqlx::query_scalar("SELECT name FROM pragma_index_info($1) ORDER BY seqno");
            let columns: Vec<String> =
                columns.bind(index.get::<String, _>("name")).fetch_all(&mut *connection).await.unwrap();
            table.unique.insert((columns, index.get::<i64, _>("partial") == 1));
        }
        let references = sqlx::query_as("SELECT \"from\", \"table\" FROM pragma_foreign_key_list($1)");
        table.references =
            references.bind(&name).fetch_all(&mut *connection).await.unwrap().into_iter().collect();
        schema.insert(name, table);
    }
    schema
}

async fn of_postgres(connection: &mut PgConnection) -> Schema {
    const COLUMNS: &str = "SELECT c.relname::text, a.attname::text, t.typname::text, a.attnotnull
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relname NOT LIKE '\\_%' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum";
    const UNIQUE: &str = "SELECT c.relname::text, i.indpred IS NOT NULL,
            ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY k (attnum, n)
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum ORDER BY k.n)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND c.relname NOT LIKE '\\_%'";
    const REFERENCES: &str = "SELECT c.relname::text, a.attname::text, f.relname::text
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f' AND NOT c.relispartition";
    let mut schema = Schema::new();
    let columns: Vec<(String, String, String, bool)> =
        sqlx::query_as(COLUMNS).fetch_all(&mut *connection).await.unwrap();
    for (table, column, kind, not_null) in columns {
        let kind = match kind.as_str() {
            "text" => Kind::Text,
            "bytea" => Kind::Bytes,
            "int8" => Kind::Integer,
            "bool" => Kind::Boolean,
            other => panic!("{table}.{column} is {other}"),
        };
        schema.entry(table).or_default().columns.push((column, kind, not_null));
    }
    let unique: Vec<(String, bool, Vec<String>)> =
        sqlx::query_as(UNIQUE).fetch_all(&mut *connection).await.unwrap();
    for (table, partial, columns) in unique {
        schema.entry(table).or_default().unique.insert((columns, partial));
    }
    let references: Vec<(String, String, String)> =
        sqlx::query_as(REFERENCES).fetch_all(&mut *connection).await.unwrap();
    for (table, column, to) in references {
        schema.entry(table).or_default().references.insert((column, to));
    }
    schema
}

/// Two hand-kept schemas drift: a column, a nullability or a unique key that only one engine has.
#[tokio::test]
async fn both_engines_have_the_same_schema() {
    let (sqlite_db, postgres_db) = (Db::of_the_program(false).await, Db::of_the_program(true).await);
    let (Location::Sqlite(path), Location::Postgres(url)) = (&sqlite_db.location, &postgres_db.location)
    else {
        unreachable!("made so")
    };
    let mut sqlite = of_sqlite(&mut SqliteConnection::connect(&path.to_string_lossy()).await.unwrap()).await;
    let postgres = of_postgres(&mut PgConnection::connect(url).await.unwrap()).await;
    assert!(sqlite.len() > 15, "{:?}", sqlite.keys());

    // The one difference that is meant: SQLite's samples have the hour in front.
    let samples = sqlite.get_mut("link_monitoring_data").unwrap();
    assert_eq!(samples.columns.remove(0), ("hour".to_owned(), Kind::Integer, true));
    let keys: Vec<_> = std::mem::take(&mut samples.unique).into_iter().collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].0, ["hour", "link_id", "at_ms"]);
    samples.unique.insert((keys[0].0[1..].to_vec(), false));

    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (name, table) in &sqlite {
        assert_eq!(Some(table), postgres.get(name), "{name}");
    }
    sqlite_db.remove().await;
    postgres_db.remove().await;
}

#[test]
fn both_folders_have_the_same_files() {
    let names = |engine: &str| -> BTreeSet<_> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name()).collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[tokio::test]
async fn every_sqlite_table_is_strict() {
    let db = Db::sqlite().await;
    let loose =
        "SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
        AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_%' ESCAPE '\\'";
    assert_eq!(db.number(loose).await, 0);
}

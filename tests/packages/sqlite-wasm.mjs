// SQLite's own build for JavaScript. Emscripten.
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';

const sqlite3 = await sqlite3InitModule({ print: console.log, printErr: () => {} });
console.log(sqlite3.version.libVersion);
const db = new sqlite3.oo1.DB(':memory:');
db.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, big INTEGER, data BLOB)');
db.transaction(() => {
  const insert = db.prepare('INSERT INTO t (name, big, data) VALUES (?, ?, ?)');
  for (let i = 0; i < 2000; i++) insert.bind([`name ${i % 13} é`, BigInt(i) * 10n ** 14n, Uint8Array.of(i, i >> 8)]).stepReset();
  insert.finalize();
});
console.log(db.selectValue('SELECT sum(length(data)) FROM t'), db.selectArray('SELECT min(big), max(big) FROM t'));
console.log(db.exec('SELECT name, count(*) AS n FROM t GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3', { rowMode: 'object', returnValue: 'resultRows' }));
db.createFunction('reversed', (_, text) => [...text].reverse().join(''));
console.log(db.selectObject('SELECT *, reversed(name) AS back FROM t WHERE id = $id', { $id: 1234 }));
console.log(db.selectValue(`SELECT json_extract('{"a": [1, {"b": "ü"}]}', '$.a[1].b')`));
try {
  db.exec('SELECT * FROM nowhere');
} catch (error) {
  console.log(error.name, error.message);
}
console.log(sqlite3.capi.sqlite3_js_db_export(db).length);
db.close();

// A database in memory: 10 000 rows in, questions out. SQLite through Emscripten.
import initSqlJs from 'sql.js';

const SQL = await initSqlJs();
const db = new SQL.Database();
db.run('CREATE TABLE points (id INTEGER PRIMARY KEY, name TEXT, x REAL, y REAL)');
const insert = db.prepare('INSERT INTO points (name, x, y) VALUES (?, ?, ?)');
db.run('BEGIN');
for (let i = 0; i < 10_000; i++) insert.run([`point ${i % 97} é`, i / 7, (i * i) % 1013]);
db.run('COMMIT');
insert.free();
console.log(db.exec('SELECT count(*), round(sum(x), 3), max(y) FROM points')[0]);
console.log(db.exec('SELECT name, count(*) AS n FROM points GROUP BY name ORDER BY n DESC, name LIMIT 3')[0]);
const select = db.prepare('SELECT * FROM points WHERE y = $y ORDER BY id LIMIT 2');
select.bind({ $y: 4 });
while (select.step()) console.log(select.getAsObject());
select.free();
db.create_function('twice', (x) => x * 2);
console.log(db.exec('SELECT twice(21)')[0].values[0][0]);
try {
  db.exec('SELECT nothing FROM nowhere');
} catch (error) {
  console.log(error.message);
}
const copy = new SQL.Database(db.export());
console.log(copy.exec('SELECT count(*) FROM points')[0].values);
copy.close();
db.close();

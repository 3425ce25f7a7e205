// Matches with RE2. C++ through embind.
import { RE2 } from 're2-wasm';

const date = new RE2('(?P<year>\\d{4})-(?P<month>\\d\\d)', 'gu');
const text = 'From 2024-01 to 2026-11, äöü 日本 2030-05';
for (let match; (match = date.exec(text)); ) console.log(match.index, [...match], { ...match.groups });
console.log(text.replace(date, '$2/$1'), date.test('no'), date.source, date.flags);
console.log(new RE2('[\\s,]+', 'u').split(text), new RE2('\\p{Han}+', 'u').exec(text)[0]);
console.log(new RE2('(a*)*b', 'u').test('a'.repeat(5000)), new RE2('É', 'iu').test('é'));
for (const bad of ['(unclosed', '(?=ahead)', '\\1']) {
  try {
    new RE2(bad, 'u');
  } catch (error) {
    console.log(error.name, error.message);
  }
}

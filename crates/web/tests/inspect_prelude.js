// What the cases in inspect_cases.txt may use, in Node and in Holm alike.
var custom = Symbol.for('nodejs.util.inspect.custom');
Error.prepareStackTrace = (error) => `${error}\n    at f (file:///a.mjs:1:2)`;
// An error whose stack was made when it was still called `head`.
var st = (error, head, frames = '\n    at f (file:///a.mjs:1:2)') =>
  Object.defineProperty(error, 'stack', { value: head + frames, writable: true, configurable: true });
var args = function () { return arguments; };
var sloppy = function (a) { return arguments; };
var nest = (depth, leaf = {}) => { for (let n = 0; n < depth; n++) leaf = { a: leaf }; return leaf; };
var range = (n, f = (x) => x) => Array.from({ length: n }, (_, x) => f(x));
var edit = (value, change) => { change(value); return value; };
var long = 'The quick brown fox jumps over the lazy dog. ';
var detach = (buffer) => (buffer.transfer ? buffer.transfer() : structuredClone(buffer, { transfer: [buffer] }), buffer);
var B;

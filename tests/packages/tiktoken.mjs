// Counts tokens as OpenAI's models do. Rust through wasm-bindgen, with its tables beside it.
import { createRequire } from 'node:module';
import { Tiktoken } from 'tiktoken/lite';

const table = createRequire(import.meta.url)('tiktoken/encoders/cl100k_base.json');
const encoder = new Tiktoken(table.bpe_ranks, { ...table.special_tokens, '<|holm|>': 100300 }, table.pat_str);
const text = 'Hello, wörld! 日本語 😀\n\n  const x = 12345; <|holm|>';
const tokens = encoder.encode(text, 'all');
console.log(tokens);
console.log(new TextDecoder().decode(encoder.decode(tokens)) === text);
console.log(encoder.encode_ordinary(text).length, encoder.encode('the quick brown fox '.repeat(500)).length);
console.log(encoder.decode_single_token_bytes(9906), encoder.token_byte_values().length);
console.log(encoder.name ?? null);
try {
  encoder.encode(text);
} catch (error) {
  console.log(String(error.message ?? error));
}
encoder.free();

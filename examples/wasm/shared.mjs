// The memory, the table and the global that two instances share.
export const memory = new WebAssembly.Memory({ initial: 1 });
export const table = new WebAssembly.Table({ element: 'anyfunc', initial: 2 });
export const calls = new WebAssembly.Global({ value: 'i64', mutable: true }, 0n);

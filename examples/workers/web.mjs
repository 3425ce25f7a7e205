// A worker of the web, from a blob: it answers what it is sent, until it is told to stop.
const code = new Blob([`
  onmessage = ({ data: { a, b, stop } }) => {
    if (stop) close();
    else postMessage({ sum: a + b, from: name });
  };
`], { type: 'text/javascript' });

const worker = new Worker(URL.createObjectURL(code), { name: 'adder' });
worker.onerror = ({ message, lineno }) => console.error(`line ${lineno}: ${message}`);
worker.onmessage = ({ data }) => {
  console.log(data);
  worker.postMessage({ stop: true });
};
worker.postMessage({ a: 77, b: 88 });

// Prints:
// { sum: 165, from: 'adder' }

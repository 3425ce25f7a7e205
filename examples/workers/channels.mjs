// Ports go between threads, and what is transferred is not copied.
import { Worker } from 'node:worker_threads';

const worker = new Worker(`
  const { parentPort } = require('node:worker_threads');
  parentPort.once('message', ({ port, bytes }) => {
    bytes.fill(7);
    port.postMessage(bytes, [bytes.buffer]);
    port.close();
  });
`, { eval: true });

const { port1, port2 } = new MessageChannel();
const bytes = new Uint8Array(1 << 20);
worker.postMessage({ port: port2, bytes }, [port2, bytes.buffer]);
console.log('here:', bytes.length);
port1.onmessage = ({ data }) => console.log('back:', data.length, data[0]);

// All channels of a name hear what one of them says.
const [radio, listener] = [new BroadcastChannel('news'), new BroadcastChannel('news')];
listener.onmessage = ({ data }) => {
  console.log('news:', data);
  listener.close();
};
radio.postMessage('hello');
radio.close();

// Prints:
// here: 0
// news: hello
// back: 1048576 7

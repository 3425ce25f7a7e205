// A module waits for promises, though it was written as if there were none.
import source shopping from './jspi.wat';

const prices = { 1: 250, 2: 125, 3: 30 };
const price = (id) =>
  new Promise((resolve, reject) => {
    if (id in prices) setTimeout(resolve, 30 / id, prices[id]);
    else reject(new Error(`nobody sells ${id}`));
  });

const { exports } = new WebAssembly.Instance(shopping, {
  shop: { price: new WebAssembly.Suspending(price) },
});
const total = WebAssembly.promising(exports.total);

// Both calls wait in the same instance, and the second is done first.
total(1, 2).then((sum) => console.log('one and two:', sum));
await total(2, 3).then((sum) => console.log('two and three:', sum));
await total(1, 7).catch((error) => console.log('no total:', error.message));
// Without `promising` nobody knows how to wait.
try {
  exports.total(1, 2);
} catch (error) {
  console.log(error.name);
}

// Prints:
// two and three: 155
// one and two: 375
// no total: nobody sells 7
// SuspendError

// JavaScript inside of WebAssembly inside of JavaScript.
import { getQuickJS } from 'quickjs-emscripten';

const QuickJS = await getQuickJS();
const vm = QuickJS.newContext();
const log = vm.newFunction('log', (...values) => console.log('inside:', ...values.map(vm.dump)));
vm.setProp(vm.global, 'log', log);
log.dispose();
const result = vm.evalCode(`
  log('hello', [1, 2, 3], { a: 'é' });
  const primes = [];
  for (let n = 2; primes.length < 20; n++) if (primes.every((p) => n % p)) primes.push(n);
  primes.join()
`);
console.log(vm.dump(vm.unwrapResult(result)));
const failed = vm.evalCode('null.x');
console.log(vm.dump(failed.error).message);
failed.error.dispose();
const deferred = vm.newPromise();
vm.setProp(vm.global, 'later', deferred.handle);
vm.unwrapResult(vm.evalCode('later.then((x) => log("resolved", x))')).dispose();
deferred.resolve(vm.newString('value'));
vm.runtime.executePendingJobs();

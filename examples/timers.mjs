// In which order things run.
console.log('1 the module itself');
setTimeout(() => console.log('5 a timer'), 0);
setImmediate(() => console.log('4 an immediate, after the first turn'));
process.nextTick(() => console.log('3 a tick, before timers'));
queueMicrotask(() => console.log('2 a microtask of the module'));
process.on('exit', (code) => console.log(`6 the end, with code ${code}`));

// A program of WASI: what it imports, around the functions in Rust. These know neither script's streams nor
// its clocks, and tell by numbers what only this file gets to see.

(function ({ natives, part }) {
  const { open } = natives('wasi');
  const { inputOf, outputOf, toBytes } = part('wasi/streams');
  const IO = 29, STARVED = -1, CHUNK = 65536;
  const AsyncFunction = (async () => {}).constructor;

  function endingWith(imports, exit) {
    for (const name of ['proc_exit', 'proc_raise']) {
      const call = imports[name];
      imports[name] = { [name]: (number) => {
        const answer = call(number);
        return answer < 0 ? exit(-1 - answer) : answer;
      } }[name];
    }
  }

  // A thread of a program that another one has opened and shared by a number.
  function joinProgram({ binding, shared, exit }) {
    const native = open({ __proto__: null, binding, shared });
    const imports = { ...native.imports };
    endingWith(imports, exit);
    return { imports, setMemory: native.setMemory };
  }

  // `exit(code)` is called when the program ends itself, and throws.
  function makeProgram({ binding, args, env, preopens, stdio, writeLimit, clock, random, exit }) {
    const files = stdio.map((each) => (typeof each === 'number' ? each : null));
    const native = open({ __proto__: null, binding, args, env, preopens, stdio: files, writeLimit });
    const imports = { ...native.imports };
    const wrap = (name, around) => {
      const wrapped = { [name]: around(imports[name]) }[name];
      imports[name] = wrapped instanceof AsyncFunction ? new WebAssembly.Suspending(wrapped) : wrapped;
    };

    endingWith(imports, exit);

    if (clock !== undefined) {
      const timed = ['clock_time_get', 'poll_oneoff', 'fd_filestat_set_times', 'path_filestat_set_times'];
      for (const name of timed) {
        wrap(name, (call) => (...given) => {
          native.setTime(BigInt(clock('realtime')), BigInt(clock('monotonic')));
          return call(...given);
        });
      }
    }

    if (random !== undefined) {
      imports.random_get = function random_get(address, length) {
        for (let at = 0, rest = length >>> 0; rest > 0 || at === 0; at += CHUNK, rest -= CHUNK) {
          const bytes = new Uint8Array(Math.max(Math.min(rest, CHUNK), 0));
          const refused = native.writeBytes((address >>> 0) + at, bytes);
          if (refused !== 0) return refused;
          random(bytes);
          native.writeBytes((address >>> 0) + at, bytes);
        }
        return 0;
      };
    }

    const outputs = [];
    for (const number of [1, 2]) {
      const target = stdio[number];
      if (typeof target === 'number') continue;
      // Both may be the same.
      const known = outputs.find((output) => output.target === target);
      outputs.push({ ...known ?? outputOf(target), number, target });
    }
    if (outputs.length > 0) wrap('fd_write', (call) => emptying(native, outputs, call));

    const input = typeof stdio[0] === 'number' ? undefined : inputOf(stdio[0]);
    if (input !== undefined) {
      const feed = input.isAsync ? awaiting(native, input) : feeding(native, input);
      for (const name of ['fd_read', 'poll_oneoff']) wrap(name, feed);
    }
    const isAsync = Boolean(input?.isAsync) || outputs.some((output) => output.isAsync);
    // Lets go of the streams that were given; what goes wrong then is nobody's matter any more.
    const close = () => {
      for (const stream of [input, ...outputs]) {
        try {
          stream?.close?.()?.catch?.(() => {});
        } catch {}
      }
    };
    return { close, end: native.end, imports, isAsync, setMemory: native.setMemory, share: native.share };
  }

  // Takes what a call has written to where it belongs.
  function emptying(native, outputs, call) {
    const empty = () => outputs.map(({ number, write }) => {
      const bytes = native.take(number);
      return bytes === undefined ? undefined : write(bytes);
    });
    if (!outputs.some((output) => output.isAsync)) {
      return (...given) => {
        const answer = call(...given);
        return empty().find((refused) => refused !== undefined) ?? answer;
      };
    }
    return async (...given) => {
      const answer = call(...given);
      try {
        return (await Promise.all(empty())).find((refused) => refused !== undefined) ?? answer;
      } catch {
        return IO;
      }
    };
  }

  const given = (native, bytes) => native.feed(bytes === undefined || bytes === null ? undefined : toBytes(bytes));

  const feeding = (native, input) => (call) => (...all) => {
    let answer;
    while ((answer = call(...all)) === STARVED) given(native, input.next());
    return answer;
  };

  // With input that has to be awaited, a call is made again when there is some, or its time is over.
  function awaiting(native, input) {
    let coming, failure;
    // What fails while nobody waits is told to whoever reads next.
    const more = () => (coming ??= input.next()
      .then((bytes) => given(native, bytes))
      .catch((error) => { failure = { error }; })
      .finally(() => { coming = undefined; }));
    return (call) => async (...all) => {
      let answer;
      while ((answer = call(...all)) === STARVED) {
        if (failure !== undefined) throw failure.error;
        const wait = native.waitMs();
        if (wait === undefined) {
          await more();
          continue;
        }
        let timer;
        const timeIsOver = new Promise((resolve) => { timer = setTimeout(resolve, wait); });
        await Promise.race([more(), timeIsOver]);
        clearTimeout(timer);
      }
      return answer;
    };
  }

  return { joinProgram, makeProgram };
})

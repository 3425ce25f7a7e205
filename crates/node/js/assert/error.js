// AssertionError, and the words in which it tells how two values differ.

(function ({ inspect, invalidArgument }) {
  const MOST_LINES = 1000;
  const MOST_KEPT = 5;
  // Two values that take no more than this are shown in one line.
  const MOST_SHORT = 12;
  const HEADINGS = {
    deepStrictEqual: 'Expected values to be strictly deep-equal:',
    partialDeepStrictEqual: 'Expected values to be partially and strictly deep-equal:',
    strictEqual: 'Expected values to be strictly equal:',
    strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
    deepEqual: 'Expected values to be loosely deep-equal:',
    notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
    notStrictEqual: 'Expected "actual" to be strictly unequal to:',
    notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
    notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
    notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
  };

  const show = (value) => inspect(value, {
    compact: false, customInspect: false, depth: 1000, maxArrayLength: Infinity, showHidden: false,
    showProxy: false, sorted: true, getters: true, breakLength: Infinity, maxStringLength: null,
  });
  const isObject = (value) => typeof value === 'object' && value !== null;
  const isFunctionOrObject = (value) => isObject(value) || typeof value === 'function';

  // The longest common subsequence of lines, as what to do with each: kept, added or removed.
  function diffLines(actual, expected) {
    const withoutComma = (line) => (line.endsWith(',') ? line.slice(0, -1) : line);
    const same = (a, b) => a === b || withoutComma(a) === withoutComma(b);
    const rows = actual.length, columns = expected.length;
    const lengths = Array.from({ length: rows + 1 }, () => new Uint32Array(columns + 1));
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        lengths[i][j] = same(actual[i], expected[j]) ? lengths[i + 1][j + 1] + 1
          : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
      }
    }
    const lines = [];
    for (let i = 0, j = 0; i < rows || j < columns;) {
      if (i < rows && j < columns && same(actual[i], expected[j])) {
        // What only the comma tells apart is shown as it is in what is longer.
        lines.push([' ', rows - i > columns - j ? actual[i] : expected[j]]);
        i++;
        j++;
      } else if (i < rows && (j === columns || lengths[i + 1][j] >= lengths[i][j + 1])) {
        lines.push(['+', actual[i++]]);
      } else {
        lines.push(['-', expected[j++]]);
      }
    }
    return lines;
  }

  // Of many kept lines the first few are shown, and the last one before the next difference.
  function shown(lines) {
    let [text, isCut, kept] = ['', false, 0];
    lines.forEach(([sign, line], index) => {
      if (sign === ' ') {
        if (kept++ < MOST_KEPT) text += `  ${line}\n`;
        return;
      }
      const hidden = lines.slice(index - Math.max(0, kept - MOST_KEPT), index).map(([, kept]) => `  ${kept}\n`);
      if (hidden.length > 2) {
        text += '...\n';
        isCut = true;
      }
      text += hidden.slice(hidden.length > 2 ? -1 : 0).join('');
      kept = 0;
      text += `${sign} ${line}\n`;
    });
    return [text, isCut];
  }

  function difference(actual, expected, operator) {
    let heading = HEADINGS[operator];
    const [left, right] = [show(actual), show(expected)];
    const [actualLines, expectedLines] = [left.split('\n'), right.split('\n')];
    if (operator === 'strictEqual' && left === right && isFunctionOrObject(actual) && isFunctionOrObject(expected)) {
      return `Values have same structure but are not reference-equal:\n\n${left}\n`;
    }
    if (operator === 'strictEqual' && isFunctionOrObject(actual) && isFunctionOrObject(expected)) {
      heading = HEADINGS.strictEqualObject;
    }
    const isShort = actualLines.length === 1 && expectedLines.length === 1;
    if (isShort && left !== right && !isObject(actual) && !isObject(expected)
      && !(left.includes('\\n') || right.includes('\\n'))) {
      if (left.length + right.length <= MOST_SHORT && (actual !== 0 || expected !== 0)) {
        return `${heading}\n\n${left} !== ${right}\n`;
      }
    }
    if (isShort) {
      let at = 0;
      while (at < left.length && left[at] === right[at]) at++;
      const pointer = at > 2 && typeof actual === 'string' && typeof expected === 'string' ? `${' '.repeat(at + 2)}^\n` : '';
      return `${heading}\n+ actual - expected\n\n+ ${left}\n- ${right}\n${pointer}`;
    }
    const lines = diffLines(actualLines.slice(0, MOST_LINES), expectedLines.slice(0, MOST_LINES));
    const [text, isCut] = shown(lines);
    return `${heading}\n+ actual - expected${isCut ? '\n... Skipped lines' : ''}\n\n${text}`;
  }

  const cut = (text) => (text.length > 512 ? `${text.slice(0, 509)}...` : text);

  function message(actual, expected, operator) {
    switch (operator) {
      case 'deepStrictEqual': case 'strictEqual': case 'partialDeepStrictEqual':
        return difference(actual, expected, operator);
      case 'notDeepStrictEqual': case 'notStrictEqual': {
        const lines = show(actual).split('\n');
        let heading = HEADINGS[operator];
        if (operator === 'notStrictEqual' && isFunctionOrObject(actual)) heading = HEADINGS.notStrictEqualObject;
        if (lines.length > 50) lines.splice(46, Infinity, '...');
        return lines.length === 1 ? `${heading}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`
          : `${heading}\n\n${lines.join('\n')}\n`;
      }
      case 'deepEqual': case 'notDeepEqual': {
        const [left, right] = [show(actual), show(expected)];
        if (operator === 'notDeepEqual' && left === right) return `${HEADINGS.notDeepEqual}\n\n${cut(left)}`;
        const heading = operator === 'deepEqual' ? HEADINGS.deepEqual : HEADINGS.notDeepEqualUnequal;
        const middle = operator === 'deepEqual' ? 'should loosely deep-equal' : 'should not loosely deep-equal';
        return `${heading}\n\n${cut(left)}\n\n${middle}\n\n${cut(right)}`;
      }
      default:
        return `${cut(inspect(actual))} ${operator} ${cut(inspect(expected))}`;
    }
  }

  return class AssertionError extends Error {
    constructor(options) {
      if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
      const { message: given, operator, stackStartFn, actual, expected } = options;
      const limit = Error.stackTraceLimit;
      Error.stackTraceLimit = 0;
      super(given === undefined ? message(actual, expected, operator) : String(given));
      Error.stackTraceLimit = limit;
      this.generatedMessage = given === undefined;
      Object.defineProperty(this, 'name',
        { value: 'AssertionError', enumerable: false, writable: true, configurable: true });
      this.code = 'ERR_ASSERTION';
      this.actual = actual;
      this.expected = expected;
      this.operator = operator;
      this.diff = options.diff ?? 'simple';
      Error.captureStackTrace(this, stackStartFn);
    }

    toString() { return `${this.name} [${this.code}]: ${this.message}`; }
  };
})

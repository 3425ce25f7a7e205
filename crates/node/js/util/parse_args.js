// util.parseArgs, <https://nodejs.org/api/util.html#utilparseargsconfig>

(function ({ coded, invalidArgument }) {
  const fail = (code, message) => coded(TypeError, code, message);

  function checkOptions(options) {
    for (const [name, option] of Object.entries(options)) {
      const { type, short, multiple } = option;
      if (type !== 'string' && type !== 'boolean') {
        throw invalidArgument(`options.${name}.type`, "one of 'string' or 'boolean'", type);
      }
      if (short !== undefined) {
        if (typeof short !== 'string') throw invalidArgument(`options.${name}.short`, 'of type string', short);
        if ([...short].length !== 1) {
          throw fail('ERR_INVALID_ARG_VALUE', `The property 'options.${name}.short' must be a single character. Received '${short}'`);
        }
      }
      if (multiple !== undefined && typeof multiple !== 'boolean') {
        throw invalidArgument(`options.${name}.multiple`, 'of type boolean', multiple);
      }
    }
  }

  const isOptionLike = (arg) => arg.length > 1 && arg.startsWith('-');
  const longOf = (short, options) => Object.entries(options).find(([, option]) => option.short === short)?.[0] ?? short;

  // The tokens of the arguments, before anything is known of what they may be.
  function tokensOf(args, options) {
    const tokens = [];
    const rest = args.map((arg, index) => ({ arg, index }));
    const option = (index, rawName, name, value, inlineValue) =>
      tokens.push({ kind: 'option', name, rawName, index, value, inlineValue });
    // The next argument, where the option wants a value.
    const valueOf = (name) => (options[name]?.type === 'string' && rest.length > 0 && rest[0].fromGroup !== true
      ? [rest.shift().arg, false] : [undefined, undefined]);
    while (rest.length > 0) {
      const { arg, index } = rest.shift();
      if (arg === '--') {
        tokens.push({ kind: 'option-terminator', index });
        rest.forEach(({ arg, index }) => tokens.push({ kind: 'positional', index, value: arg }));
        break;
      }
      if (arg.startsWith('--') && arg.length > 2) {
        const equals = arg.indexOf('=', 3);
        const name = arg.slice(2, equals === -1 ? undefined : equals);
        const [value, inline] = equals === -1 ? valueOf(name) : [arg.slice(equals + 1), true];
        option(index, `--${name}`, name, value, inline);
      } else if (isOptionLike(arg)) {
        const short = arg[1], name = longOf(short, options);
        if (arg.length === 2) {
          option(index, arg, name, ...valueOf(name));
        } else if (options[name]?.type === 'string') {
          option(index, `-${short}`, name, arg.slice(2), true);
        } else {
          // `-abc` is `-a -b -c`, up to one that takes a value.
          const group = [];
          for (let at = 1; at < arg.length; at++) {
            if (options[longOf(arg[at], options)]?.type !== 'string' || at === arg.length - 1) {
              group.push({ arg: `-${arg[at]}`, index });
            } else {
              group.push({ arg: `-${arg.slice(at)}`, index });
              break;
            }
          }
          rest.unshift(...group);
        }
      } else {
        tokens.push({ kind: 'positional', index, value: arg });
      }
    }
    return tokens;
  }

  function checkOption(token, options, { allowPositionals }) {
    const { name, rawName, value, inlineValue } = token;
    if (!Object.hasOwn(options, name)) {
      const hint = allowPositionals
        ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${rawName}"`
        : '';
      throw fail('ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '${rawName}'${hint}`);
    }
    const { short, type } = options[name];
    const shown = `${short ? `-${short}, ` : ''}--${name}`;
    if (type === 'string' && typeof value !== 'string') {
      throw fail('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown} <value>' argument missing`);
    }
    if (type === 'boolean' && value !== undefined) {
      throw fail('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown}' does not take an argument`);
    }
    if (type === 'string' && inlineValue === false && isOptionLike(value)) {
      const example = rawName.startsWith('--') ? `'${rawName}=-XYZ'` : `'--${name}=-XYZ' or '${rawName}-XYZ'`;
      throw fail('ERR_PARSE_ARGS_INVALID_OPTION_VALUE',
        `Option '${rawName}' argument is ambiguous.\nDid you forget to specify the option argument for '${rawName}'?\n` +
        `To specify an option argument starting with a dash use ${example}.`);
    }
  }

  function store(values, name, value, option) {
    if (name === '__proto__') return;
    if (option?.multiple) (values[name] ??= []).push(value);
    else values[name] = value;
  }

  return function parseArgs(config = {}) {
    const { args = process.argv.slice(2), strict = true, options = {}, allowNegative = false, tokens: wantsTokens = false } = config;
    const allowPositionals = config.allowPositionals ?? !strict;
    if (!Array.isArray(args)) throw invalidArgument('args', 'an instance of Array', args);
    if (options === null || typeof options !== 'object') throw invalidArgument('options', 'of type object', options);
    checkOptions(options);
    const tokens = tokensOf(args, options);
    const result = { values: { __proto__: null }, positionals: [] };
    for (const token of tokens) {
      if (token.kind === 'positional') {
        if (!allowPositionals) {
          throw fail('ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL',
            `Unexpected argument '${token.value}'. This command does not take positional arguments`);
        }
        result.positionals.push(token.value);
      } else if (token.kind === 'option') {
        let { name, value } = token;
        if (allowNegative && value === undefined && name.startsWith('no-') && options[name.slice(3)]?.type === 'boolean') {
          name = name.slice(3);
          value = false;
          if (strict) checkOption({ ...token, name, value: undefined }, options, { allowPositionals });
        } else if (strict) {
          checkOption(token, options, { allowPositionals });
        }
        store(result.values, name, value ?? true, options[name]);
      }
    }
    for (const [name, option] of Object.entries(options)) {
      if (option.default !== undefined && result.values[name] === undefined) result.values[name] = option.default;
    }
    if (wantsTokens) result.tokens = tokens;
    return result;
  };
})

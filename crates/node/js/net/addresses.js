// `net.BlockList` and `net.SocketAddress`, <https://nodejs.org/api/net.html#class-netblocklist>

(function ({ coded, invalidArgument, natives, part }) {
  const { isIP } = natives('net');
  const { checkPort, invalidValue } = part('net/errors');
  const { check } = part('stream/errors');
  const FAMILIES = { ipv4: 4, ipv6: 6 };

  // An address as a number, by which addresses are in order.
  function toNumber(address, family) {
    if (family === 4) return address.split('.').reduce((number, part) => number << 8n | BigInt(part), 0n);
    let [text] = address.split('%');
    const dotted = /^(.*:)([\d.]+)$/.exec(text);
    if (dotted?.[2].includes('.')) {
      const number = toNumber(dotted[2], 4);
      text = `${dotted[1]}${(number >> 16n).toString(16)}:${(number & 0xffffn).toString(16)}`;
    }
    const [head, tail] = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
    const groups = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
    return groups.reduce((number, group) => number << 16n | BigInt(`0x${group}`), 0n);
  }
  // One of IPv4 that is written as one of IPv6 is the same address.
  const MAPPED = 0xffffn << 32n;
  function forms(address, family) {
    const number = toNumber(address, family);
    if (family === 4) return [[4, number], [6, MAPPED | number]];
    return number >> 32n === 0xffffn ? [[6, number], [4, number & 0xffffffffn]] : [[6, number]];
  }

  class SocketAddress {
    #address;
    #port;
    #family;
    #flowlabel;

    static isSocketAddress(value) { return value !== null && typeof value === 'object' && #address in value; }
    static parse(input) {
      if (typeof input !== 'string') throw invalidArgument('input', 'of type string', input);
      try {
        const { hostname, port } = new URL(`http://${input}`);
        if (hostname.startsWith('[')) return new SocketAddress({ address: hostname.slice(1, -1), port: Number(port || 0), family: 'ipv6' });
        return new SocketAddress({ address: hostname, port: Number(port || 0) });
      } catch {
        return undefined;
      }
    }

    constructor(options = {}) {
      check.object(options, 'options');
      let { family = 'ipv4', address, port = 0, flowlabel = 0 } = options;
      if (typeof family?.toLowerCase === 'function') family = family.toLowerCase();
      if (family !== 'ipv4' && family !== 'ipv6') throw invalidValue('options.family', options.family);
      address ??= family === 'ipv4' ? '127.0.0.1' : '::';
      if (typeof address !== 'string') throw invalidArgument('options.address', 'of type string', address);
      this.#port = checkPort(port, 'options.port');
      check.integer(flowlabel, 'options.flowlabel', 0, 2 ** 32 - 1);
      if (isIP(address) !== FAMILIES[family]) throw coded(Error, 'ERR_INVALID_ADDRESS', 'Invalid socket address');
      this.#address = address;
      this.#family = family;
      this.#flowlabel = flowlabel;
    }
    get address() { return this.#address; }
    get port() { return this.#port; }
    get family() { return this.#family; }
    get flowlabel() { return this.#flowlabel; }
    toJSON() { return { address: this.address, port: this.port, family: this.family, flowlabel: this.flowlabel }; }
  }

  function given(address, family, name = 'address') {
    if (SocketAddress.isSocketAddress(address)) return [address.address, FAMILIES[address.family]];
    if (typeof address !== 'string') throw invalidArgument(name, 'of type string', address);
    if (typeof family !== 'string') throw invalidArgument('family', 'of type string', family);
    const number = FAMILIES[family.toLowerCase()];
    if (number === undefined) throw invalidValue('options.family', family);
    if (isIP(address) !== number) throw coded(Error, 'ERR_INVALID_ADDRESS', 'Invalid socket address');
    return [address, number];
  }
  const shown = (family) => (family === 4 ? 'IPv4' : 'IPv6');

  class BlockList {
    #rules = [];

    static isBlockList(value) { return value !== null && typeof value === 'object' && #rules in value; }

    addAddress(address, family = 'ipv4') {
      const [text, number] = given(address, family), at = toNumber(text, number);
      this.#rules.unshift({ family: number, from: at, to: at, text: `Address: ${shown(number)} ${text}` });
    }
    addRange(start, end, family = 'ipv4') {
      const [first, number] = given(start, family, 'start'), [last, other] = given(end, family, 'end');
      const [from, to] = [toNumber(first, number), toNumber(last, other)];
      if (number !== other || from > to) throw invalidValue('start', start, 'must come before end');
      this.#rules.unshift({ family: number, from, to, text: `Range: ${shown(number)} ${first}-${last}` });
    }
    addSubnet(network, prefix, family = 'ipv4') {
      const [text, number] = given(network, family, 'network'), bits = number === 4 ? 32 : 128;
      check.integer(prefix, 'prefix', 0, bits);
      const rest = BigInt(bits - prefix), from = toNumber(text, number) >> rest << rest;
      this.#rules.unshift({ family: number, from, to: from | (1n << rest) - 1n, text: `Subnet: ${shown(number)} ${text}/${prefix}` });
    }
    check(address, family = 'ipv4') {
      if (typeof address === 'string' && typeof family === 'string' && isIP(address) !== FAMILIES[family.toLowerCase()] && family.toLowerCase() in FAMILIES) return false;
      const all = forms(...given(address, family));
      return this.#rules.some((rule) => all.some(([number, at]) => rule.family === number && at >= rule.from && at <= rule.to));
    }
    // Single addresses come first.
    get rules() {
      const texts = this.#rules.map(({ text }) => text);
      return [...texts.filter((text) => text.startsWith('A')), ...texts.filter((text) => !text.startsWith('A'))];
    }
    toJSON() { return this.rules; }
    fromJSON(rules) {
      const list = typeof rules === 'string' ? JSON.parse(rules) : rules;
      if (!Array.isArray(list)) throw invalidArgument('data', 'one of type string or an instance of Array', rules);
      for (const rule of [...list].reverse()) {
        const [, kind, family, rest] = /^(Address|Range|Subnet): (IPv[46]) (.*)$/.exec(rule) ?? [];
        if (kind === 'Address') this.addAddress(rest, family);
        else if (kind === 'Range') this.addRange(...rest.split('-'), family);
        else if (kind === 'Subnet') this.addSubnet(rest.split('/')[0], Number(rest.split('/')[1]), family);
      }
    }
  }

  return { BlockList, SocketAddress };
})

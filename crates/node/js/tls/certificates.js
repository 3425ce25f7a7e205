// What certificates say, and whether they are of the host that was asked for.
//
// <https://nodejs.org/api/tls.html#tlscheckserveridentityhostname-cert>

(function ({ Buffer, builtin, coded, natives }) {
  const native = natives('tls');
  const { isIP } = natives('net');

  // `{ CN: 'name' }`: a kind of name that comes twice is a list.
  function named(pairs) {
    const names = { __proto__: null };
    for (const [kind, name] of pairs) names[kind] = kind in names ? [names[kind], name].flat() : name;
    return names;
  }
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  // As OpenSSL shows it.
  function time(seconds) {
    const date = new Date(seconds * 1000), two = (number) => `${number}`.padStart(2, '0');
    return `${MONTHS[date.getUTCMonth()]} ${`${date.getUTCDate()}`.padStart(2)} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${
      two(date.getUTCSeconds())} ${date.getUTCFullYear()} GMT`;
  }
  const fingerprint = (algorithm, der) => builtin('crypto').createHash(algorithm).update(der).digest('hex').toUpperCase().match(/../g).join(':');

  function details(der) {
    const found = native.certificateDetails(der);
    if (!found) return {};
    return {
      subject: named(found.subject), issuer: named(found.issuer),
      ...(found.altNames === undefined ? {} : { subjectaltname: found.altNames }),
      valid_from: time(found.notBefore), valid_to: time(found.notAfter),
      fingerprint: fingerprint('sha1', der), fingerprint256: fingerprint('sha256', der), fingerprint512: fingerprint('sha512', der),
      serialNumber: found.serialNumber, raw: der,
    };
  }

  // The chain: each certificate with the one of its issuer.
  function chain(ders) {
    const all = ders.map(details);
    all.forEach((one, index) => {
      const isOwn = JSON.stringify(one.subject) === JSON.stringify(one.issuer);
      one.issuerCertificate = all[index + 1] ?? (isOwn ? one : undefined);
    });
    return all[0];
  }

  // Names in the list that OpenSSL shows; some are quoted, so that none can pass for several.
  function split(altNames) {
    const names = [];
    let rest = altNames;
    while (rest !== '') {
      const match = /^([^,"]*)("(?:[^"\\]|\\.)*")?(?:, |$)/.exec(rest);
      if (!match) throw coded(SyntaxError, 'ERR_TLS_CERT_ALTNAME_FORMAT', 'Invalid subject alternative name string');
      names.push(match[1] + (match[2] === undefined ? '' : JSON.parse(match[2])));
      rest = rest.slice(match[0].length);
    }
    return names;
  }

  // <https://www.rfc-editor.org/rfc/rfc6125#section-6.4>
  function matches(hostLabels, pattern) {
    const labels = pattern.toLowerCase().replace(/\.$/, '').split('.');
    if (labels.length !== hostLabels.length || labels.includes('')) return false;
    if (/[^\x21-\x7f]/.test(pattern)) return false;
    for (let index = labels.length - 1; index > 0; index--) {
      if (labels[index] !== hostLabels[index]) return false;
    }
    const [first] = labels;
    if (!first.includes('*')) return first === hostLabels[0];
    // One star, in the first label alone, and not of a whole top-level domain.
    const parts = first.split('*');
    if (parts.length > 2 || first.startsWith('xn--') || labels.length <= 2) return false;
    const [before, after] = parts, [host] = hostLabels;
    return before.length + after.length <= host.length && host.startsWith(before) && host.endsWith(after);
  }

  const canonical = (ip) => (isIP(ip) === 6 ? new URL(`http://[${ip}]`).hostname : ip);

  function checkServerIdentity(hostname, certificate) {
    const { subject, subjectaltname: altNames } = certificate;
    const dnsNames = [], addresses = [];
    hostname = `${hostname}`;
    for (const name of altNames ? split(altNames) : []) {
      if (name.startsWith('DNS:')) dnsNames.push(name.slice(4));
      else if (name.startsWith('IP Address:') && isIP(name.slice(11))) addresses.push(canonical(name.slice(11)));
    }
    hostname = hostname.replace(/\.$/, '').toLowerCase();
    let reason;
    if (isIP(hostname)) {
      if (addresses.includes(canonical(hostname))) return undefined;
      reason = `IP: ${hostname} is not in the cert's list: ${addresses.join(', ')}`;
    } else if (dnsNames.length > 0 || subject?.CN) {
      const labels = hostname.split('.');
      if (dnsNames.length > 0) {
        if (dnsNames.some((name) => matches(labels, name))) return undefined;
        reason = `Host: ${hostname}. is not in the cert's altnames: ${altNames}`;
      } else {
        const names = [subject.CN].flat();
        if (names.some((name) => matches(labels, name))) return undefined;
        reason = `Host: ${hostname}. is not cert's CN: ${names}`;
      }
    } else {
      reason = 'Cert does not contain a DNS name';
    }
    return Object.assign(coded(Error, 'ERR_TLS_CERT_ALTNAME_INVALID', `Hostname/IP does not match certificate's altnames: ${reason}`),
      { reason, host: hostname, cert: certificate });
  }

  return { chain, checkServerIdentity, details };
})

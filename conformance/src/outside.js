// Names that were looked up: everything under test lives on this machine, so there must be none.

import dns from 'node:dns';

export const lookedUp = new Set();

const LOCAL = new Set(['localhost', '127.0.0.1', '::1']);
const { lookup } = dns;

dns.lookup = (host, options, callback) => {
  const answer = callback ?? options;
  if (LOCAL.has(host)) return lookup(host, options, callback);
  lookedUp.add(host);
  return process.nextTick(answer, new Error(`${host} is outside of this machine`));
};

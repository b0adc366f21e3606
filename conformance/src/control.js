// The simulator's control API: a hand on a phone.

export class ControlError extends Error {
  constructor(method, path, status, problem) {
    super(`${method} ${path}: ${status} ${problem?.code ?? ''} ${problem?.detail ?? ''}`);
    this.status = status;
    this.code = problem?.code;
  }
}

export class Control {
  #base;

  constructor(base) {
    this.#base = base.replace(/\/$/, '');
  }

  async #ask(method, path, body) {
    const response = await fetch(this.#base + path, {
      method,
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await response.text();
    const answer = text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
    if (!response.ok) throw new ControlError(method, path, response.status, answer);
    return answer;
  }

  info = () => this.#ask('GET', '/info');
  newPhone = (name) => this.#ask('POST', '/phones', { name });
  phone = (number) => this.#ask('GET', `/phones/${number}`);
  scan = (number, qr) => this.#ask('POST', `/phones/${number}/scan`, { qr });
  enterCode = (number, code) => this.#ask('POST', `/phones/${number}/pairing-code`, { code });
  send = (number, to, content) => this.#ask('POST', `/phones/${number}/messages`, { to, ...content });
  messages = (number) => this.#ask('GET', `/phones/${number}/messages`);
  markRead = (number, ids) => this.#ask('POST', `/phones/${number}/receipts`, { ids, type: 'read' });
  newGroup = (number, subject, participants, addressing) =>
    this.#ask('POST', `/phones/${number}/groups`, { subject, participants, addressing });
  devices = (number) => this.#ask('GET', `/phones/${number}/devices`);
  unlink = (number, device) => this.#ask('DELETE', `/phones/${number}/devices/${device}`);
}

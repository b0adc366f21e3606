// A companion device: stock Baileys with its keys in memory, and everything it received kept for later looking.

import makeWASocket, { BufferJSON, initAuthCreds, proto } from 'baileys';
import { eventually } from './report.js';

const silent = { level: 'silent', child: () => silent };
for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) silent[level] = () => {};

/** Baileys' key store, in memory. Values go through JSON as they would in a file. */
class MemoryKeys {
  #values = new Map();

  get = async (type, ids) => {
    const found = {};
    for (const id of ids) {
      const text = this.#values.get(`${type} ${id}`);
      if (text === undefined) continue;
      const value = JSON.parse(text, BufferJSON.reviver);
      found[id] = type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value) : value;
    }
    return found;
  };

  set = async (data) => {
    for (const [type, values] of Object.entries(data)) {
      for (const [id, value] of Object.entries(values)) {
        if (value) this.#values.set(`${type} ${id}`, JSON.stringify(value, BufferJSON.replacer));
        else this.#values.delete(`${type} ${id}`);
      }
    }
  };
}

export class Companion {
  creds = initAuthCreds();
  #keys = new MemoryKeys();
  #url;
  socket;
  /** Every stanza the server sent on any of this companion's connections. */
  frames = [];
  /** Every `connection.update`, with the number of its connection. */
  updates = [];
  messages = [];
  statuses = [];
  histories = [];
  connection = 0;

  constructor(url) {
    this.#url = url;
  }

  /** Opens a new socket with the credentials there are. */
  connect() {
    this.connection += 1;
    const connection = this.connection;
    const socket = makeWASocket({
      waWebSocketUrl: this.#url,
      auth: { creds: this.creds, keys: this.#keys },
      logger: silent,
      syncFullHistory: false,
      markOnlineOnConnect: true,
      connectTimeoutMs: 10_000,
      getMessage: async () => undefined,
    });
    this.socket = socket;
    socket.ws.on('frame', (node) => this.frames.push(node));
    socket.ev.on('creds.update', (update) => Object.assign(this.creds, update));
    socket.ev.on('connection.update', (update) => this.updates.push({ ...update, onConnection: connection }));
    socket.ev.on('messages.upsert', ({ messages }) => this.messages.push(...messages));
    socket.ev.on('messages.update', (updates) => this.statuses.push(...updates));
    socket.ev.on('messaging-history.set', (history) => this.histories.push(history));
    return this;
  }

  /** The first update of this connection for which `pick` gives something. */
  update(what, pick, seconds = 30) {
    const connection = this.connection;
    return eventually(
      what,
      () => {
        for (const update of this.updates) {
          if (update.onConnection !== connection) continue;
          const picked = pick(update);
          if (picked !== undefined) return picked;
        }
        return undefined;
      },
      seconds,
    );
  }

  qr = () => this.update('a QR', (update) => update.qr);
  open = () => this.update('the connection open', (update) => (update.connection === 'open' ? true : undefined));
  closed = () =>
    this.update('the connection closed', (update) =>
      update.connection === 'close' ? (update.lastDisconnect?.error?.output?.statusCode ?? 0) : undefined,
    );

  /** After pairing: the obligatory close with 515, then the login of the same credentials. */
  async restartAfterPairing() {
    const code = await this.closed();
    if (code !== 515) throw new Error(`closed with ${code} instead of 515`);
    this.connect();
    await this.open();
  }

  /** Closes the socket from this side, as a stopped program would. */
  async stop() {
    const closed = this.closed();
    this.socket.end(undefined);
    // It gives up by itself, after 30 s.
    await closed;
  }

  /** The text of a received or echoed message, if it is one. */
  static text(message) {
    const content = message.message?.deviceSentMessage?.message ?? message.message;
    return content?.conversation ?? content?.extendedTextMessage?.text;
  }

  received(text) {
    return eventually(`the message “${text}”`, () => this.messages.find((message) => Companion.text(message) === text));
  }

  /** The highest status told of a sent message. */
  status(id, atLeast) {
    return eventually(`status ${atLeast} of a sent message`, () => {
      // While Baileys buffers events, it folds a status into the message it has not told of yet.
      const told = this.messages.filter(({ key }) => key.id === id).map(({ status }) => status ?? 0);
      const updated = this.statuses.filter(({ key }) => key.id === id).map(({ update }) => update.status ?? 0);
      const reached = [...told, ...updated];
      const highest = Math.max(0, ...reached);
      return highest >= atLeast ? highest : undefined;
    });
  }

  /** The children with this tag in every stanza received, at any depth. */
  seen(tag) {
    const found = [];
    const walk = (node) => {
      if (node?.tag === tag) found.push(node);
      if (Array.isArray(node?.content)) node.content.forEach(walk);
    };
    this.frames.forEach(walk);
    return found;
  }
}

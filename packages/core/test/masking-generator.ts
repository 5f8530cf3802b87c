/** Seeded random secrets of each family, and the forms in which they stand in texts. */

/** A secret, the name that announces it where its form does not, and where it came from. */
export interface GeneratedSecret {
  readonly family: 'anthropic' | 'bearer' | 'cookie' | 'url' | 'generic' | 'vendor'
  readonly secret: string
  /** The text around the secret before it is wrapped; `{}` is its place. */
  readonly frame: string
}

/** Mulberry32: the same texts in every run. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
export const BASE62 = LOWER + LOWER.toUpperCase() + DIGITS
export const HEX = '0123456789abcdef'

/** Draws texts and choices. */
export class Source {
  readonly #random: () => number

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!
  }

  text(alphabet: string, length: number): string {
    return Array.from({ length }, () => this.pick([...alphabet])).join('')
  }

  /** A password or key with `FAKE` in it and a digit. */
  value(alphabet: string, length: number): string {
    return `${this.text(BASE62, 2)}FAKE${this.text(alphabet, Math.max(0, length - 7))}${this.pick([...DIGITS])}`
  }
}

const cookieNames = ['sid', 'session', 'auth', 'connect.sid', '__Host-token', 'remember_me']
const genericNames = [
  'password',
  'DB_PASSWORD',
  'apiKey',
  'api_key',
  'API_KEY',
  'client_secret',
  'clientSecret',
  'x-api-key',
  'access_token',
  'refreshToken',
  'SECRET_KEY',
  'secret_access_key',
  'smtp.password',
  'encryption_key',
  'auth_token',
  'passphrase',
]

/** One random secret of each kind of each family. */
export function generateSecrets(source: Source): GeneratedSecret[] {
  const word = (length: number) => source.value(BASE62, length)
  const row = (family: GeneratedSecret['family'], secret: string, frame = '{}'): GeneratedSecret => ({
    family,
    secret,
    frame,
  })
  return [
    ...['api03', 'admin01', 'oat01', 'ort01', 'sid01'].map((type) =>
      row('anthropic', `sk-ant-${type}-${source.value(`${BASE62}_-`, 93)}AA`),
    ),
    row('anthropic', `sk-ant-${word(12)}`),
    row('bearer', word(40), 'Authorization: Bearer {}'),
    row('bearer', word(12), 'authorization: bearer {}'),
    row('bearer', `${word(20)}.${word(30)}.${word(43)}`, 'Bearer {}'),
    row('bearer', Buffer.from(`user:${word(12)}`).toString('base64'), 'Authorization: Basic {}'),
    row('cookie', word(32), `Cookie: ${source.pick(cookieNames)}={}`),
    row('cookie', word(24), `Set-Cookie: ${source.pick(cookieNames)}={}; Path=/; HttpOnly`),
    row('url', word(16), 'postgres://app:{}@db.internal:5432/app'),
    row('url', word(20), 'mongodb+srv://svc:{}@cluster0.example.net/x'),
    row('url', word(14), 'redis://:{}@cache:6379/0'),
    row(
      'url',
      word(30),
      `https://api.example.com/v1?${source.pick(['access_token', 'api_key', 'token', 'client_secret'])}={}`,
    ),
    ...genericNames.map((name) => row('generic', word(source.pick([12, 20, 32, 40])), `${name}={}`)),
  ]
}

/** How a name and its value are written. `{n}` and `{v}` are their places. */
const assignments = [
  '{n}={v}',
  '{n}: {v}',
  '{n} = "{v}"',
  "{n}: '{v}'",
  '{"{n}":"{v}"}',
  '{ "{n}": "{v}", "x": 1 }',
  '{\\"{n}\\":\\"{v}\\"}',
  '{\\\\\\"{n}\\\\\\":\\\\\\"{v}\\\\\\"}',
  '%22{n}%22%3A%22{v}%22',
  '{n}%3D{v}%26x%3D1',
  'a=1&{n}={v}&b=2',
  '<{n}>{v}</{n}>',
  'export {n}="{v}"',
  '- name: {n}\n  value: {v}',
  '--{n} {v}',
  '--{n}={v}',
  'const x = { "{n}": "{v}" }',
  "\u001b[33m{n}\u001b[0m: \u001b[32m'{v}'\u001b[39m",
  'set("{n}", "{v}")',
  '[main]\n{n} = {v}\nport = 1',
  'level=info {n}={v} ip=::1',
  'Server=db;User Id=sa;{n}={v};Encrypt=true',
  '"{n}" => "{v}"',
  "    at login ({n}='{v}')",
  '鍵 {n}: "{v}" です',
  '{n} := "{v}"',
  'String {n} = "{v}";',
  '-H "{n}: {v}"',
  "{ '{n}': '{v}' }",
  "[ '{n}', '{v}' ]",
]

/** Where any text stands: what is before and behind must stay. */
const wrappings: ReadonlyArray<(text: string) => string> = [
  (text) => text,
  (text) => `before ${text} after`,
  (text) => `line one\n${text}\nline three`,
  (text) => JSON.stringify({ line: text }),
  (text) => JSON.stringify({ outer: JSON.stringify({ inner: text }) }),
  (text) => `\u001b[31m${text}\u001b[0m`,
  (text) => `日本語 ${text} です`,
  (text) => `    at Object.<anonymous> (${text})`,
  (text) => `curl -s -H '${text}' https://api.example.com`,
  (text) => `[2026-01-02T03:04:05Z] INFO "${text}" 200`,
  (text) => encodeURIComponent(text),
]

/** Every text in which a secret of the family is told apart by its own form or the frame it stands in. */
export function wrapSecret({ family, secret, frame }: GeneratedSecret): string[] {
  if (family !== 'generic') return wrappings.map((wrap) => wrap(frame.replace('{}', () => secret)))
  const name = frame.slice(0, frame.indexOf('='))
  return assignments
    .filter((form) => (name.includes('.') || name.includes('-') ? !/^(?:String|export|<)/.test(form) : true))
    .map((form) => form.replaceAll('{n}', name).replaceAll('{v}', () => secret))
}

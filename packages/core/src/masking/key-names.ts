import { GramTable } from './grams.js'
import { vendorAlone, vendorNames } from './vendor-names.js'

/**
 * What the name of a setting, field, header or variable says of its value:
 * `password` and `secret` any text may be the value; `token` the same, but parsers and tokenizers use the word too;
 * `opaque` only a value that looks random is a secret; `code` the same, and only in a query or form; `authorization` and
 * `cookie` values have a grammar of their own; `pair` the value is itself a name, of the value that follows.
 */
export type KeyKind = 'password' | 'secret' | 'token' | 'opaque' | 'code' | 'authorization' | 'cookie' | 'pair'

const list = (words: string): string[] => words.trim().split(/\s+/)

/** What the names of each kind end in, in small letters and without `_`, `-`, `.` and `$`. */
const PASSWORDS = list('password passwd passwort kennwort passphrase passcode passwrd pwd contrasena senha')
/** Short words that count where they are a word of their own: `db_pass`, `dbPass`, not `compass`. */
const SHORT_PASSWORDS = list('pass pw psw pword')
const TOKENS = list('token jwt bearer')
const SECRETS = list(`
  secret clientsecrets apikey apikeys clientapikey secretkey accesskey privatekey privkey authkey accountkey
  encryptionkey encryptionkeys encryptkey decryptionkey signingkey masterkey sharedkey subscriptionkey storagekey sessionkey servicekey
  servicerolekey hmackey licensekey licencekey adminkey appkey applicationkey clientkey integrationkey ingestkey insertkey
  functionkey hostkey deploykey jwtkey aeskey codeverifier seedphrase mnemonic recoveryphrase recoverykey prompttrainkey
  xfunctionskey amzsignature googsignature amzsecuritytoken authpass`)
const OPAQUE = list(`
  key credential credentials creds cred assertion auth phpsessid jsessionid connectsid gitlabsession sessioncookie
  oauth pat sas sastoken dockerconfigjson dockercfg kubeconfig`)
const CODES = list('code authcode authorizationcode devicecode')
const COOKIES = list('cookie cookies')
const PAIRS = list('name key id field variable property header default')
/** What people put behind the word that counts. */
const SUFFIXES = list(`
  prod production dev development staging stage live test value val string str plain plaintext base64 b64 old new primary
  secondary donotcommit`)
/** What follows the name of a vendor. */
const VENDOR_MEMBERS = list('key auth pat pass access api pw login credential credentials secret token')

/** Names that end in one of the words above and mean something else. */
const INNOCENT_KEYS = list(`
  public pub publishable primary foreign cache sort partition idempotency object group map json translation unique dedupe
  dedup routing hot turn mon don registry row column index composite natural sequence schema bucket issuerkeyhash s3 shard
  ordering message query react item list node parent child event localstorage i18n`)
const INNOCENT_TOKENS = list(`
  page next continuation cancel cancellation pad eos bos unk sep cls mask stop special start end public per first last
  current prev previous design to image audio text lookahead peek jsonweb tik`)

const anyOf = (words: readonly string[]): string => `(?:${words.join('|')})`
const endsIn = (words: readonly string[]): RegExp => new RegExp(`${anyOf(words)}$`)

const PASSWORD = endsIn(PASSWORDS)
const SHORT_PASSWORD = new RegExp(`(?:^|[_.\\-$])${anyOf(SHORT_PASSWORDS)}$`, 'i')
const CAMEL_PASSWORD = /[a-z](?:Pass|Pw)$/
const TOKEN = endsIn(TOKENS)
const SECRET = endsIn(SECRETS)
const OPAQUE_END = new RegExp(`${anyOf(OPAQUE)}$|^(?:sig|sessionid)$`)
const CODE = new RegExp(`^${anyOf(CODES)}$`)
const COOKIE = endsIn(COOKIES)
const PAIR = new RegExp(`^${anyOf(PAIRS)}$`)
const INNOCENT = new RegExp(
  `${anyOf(INNOCENT_KEYS)}keys?$|${anyOf(INNOCENT_TOKENS)}token$|(?:author|unauth)$|path$|^session[_-]id$`,
)
const SUFFIX = new RegExp(`(?:\\d+|${SUFFIXES.join('|')})$`)
const VENDOR = new RegExp(anyOf(vendorNames))
const VENDOR_MEMBER = endsIn(VENDOR_MEMBERS)
const VENDOR_ALONE = new RegExp(`^${anyOf(vendorAlone)}$`)
/** Tokens whose name tells what for; a plain `token` may also be a word of a language. */
const SPECIFIC_TOKEN =
  /(?:access|refresh|id|auth|session|api|bearer|oauth|secret|csrf|xsrf|device|bot|user|client|login|reset|verification|service|credit|security)(?:token)$/

/** The last four letters of every name that {@link toKey} knows, and of the types that may stand behind a name. */
export const nameEnds = new GramTable(
  [
    ...[
      PASSWORDS,
      SHORT_PASSWORDS,
      TOKENS,
      SECRETS,
      OPAQUE,
      CODES,
      COOKIES,
      SUFFIXES,
      VENDOR_MEMBERS,
      vendorAlone,
    ].flat(),
    ...['authorization', 'sig', 'sessionid', 'name', 'key', 'field', 'variable', 'property', 'header', 'default'],
    ...[' id', '"id', "'id", '<id', '\nid', '-id', '_id', '{id', ',id'],
    // Digits at the end are passed over: `key_b64`, `secretBase64`.
    ...['base', '_b', '-b'],
    ...['string', 'str', 'text', 'char', 'charsequence', 'any'],
  ],
  'end',
)

/** What a name says. */
export interface Key {
  readonly kind: KeyKind
  /** Whether it tells whose secret or which: then even a UUID, a plain hash or a plain word may be the value. */
  readonly specific: boolean
}

const cache = new Map<string, Key | null>()

/** Judges a name in any spelling: `DB_PASSWORD`, `x-api-key`, `clientSecret`. Null: it says nothing of its value. */
export function toKey(name: string): Key | null {
  let key = cache.get(name)
  if (key === undefined) {
    key = judge(name)
    // Names come from clients: what is remembered of them is bounded.
    if (cache.size >= 4096) cache.clear()
    cache.set(name, key)
  }
  return key
}

function judge(name: string): Key | null {
  const flat = name.toLowerCase().replace(/[_\-.$]/g, '')
  const kind = toKind(name, flat)
  if (kind === null) return null
  return { kind, specific: kind === 'opaque' ? VENDOR.test(flat) : kind !== 'token' || SPECIFIC_TOKEN.test(flat) }
}

function toKind(name: string, flat: string): KeyKind | null {
  if (PAIR.test(flat)) return 'pair'
  if (INNOCENT.test(flat) || /^session(?:[_-]i|I)d$/.test(name)) return null
  const kind = judgeEnd(name, flat)
  if (kind !== null && kind !== 'opaque') return kind
  return judgeWithoutSuffix(name, flat) ?? kind ?? (isVendors(flat) ? 'opaque' : null)
}

function judgeWithoutSuffix(name: string, flat: string): KeyKind | null {
  const shorter = flat.replace(SUFFIX, '').replace(SUFFIX, '')
  if (shorter === flat || INNOCENT.test(shorter)) return null
  const kind = judgeEnd(name, shorter)
  return kind === 'password' || kind === 'secret' || kind === 'token' ? kind : null
}

function judgeEnd(name: string, flat: string): KeyKind | null {
  if (flat.endsWith('authorization')) return 'authorization'
  if (COOKIE.test(flat)) return 'cookie'
  if (PASSWORD.test(flat) || SHORT_PASSWORD.test(name) || CAMEL_PASSWORD.test(name)) return 'password'
  if (SECRET.test(flat)) return 'secret'
  if (TOKEN.test(flat)) return 'token'
  if (CODE.test(flat)) return 'code'
  return OPAQUE_END.test(flat) ? 'opaque' : null
}

const isVendors = (flat: string): boolean => (VENDOR.test(flat) && VENDOR_MEMBER.test(flat)) || VENDOR_ALONE.test(flat)

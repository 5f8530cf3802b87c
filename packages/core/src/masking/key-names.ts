import { GramTable } from './grams.js'
import { namesVendor, vendorAlone } from './vendor-names.js'
import { isJoiner, WordEnds } from './word-ends.js'

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
/** Those that also say where a secret is kept (`secretKey` of Kubernetes) or what opens something else: `storageKey: theme`. */
const VAGUE_SECRETS = list(`
  secret secretkey accesskey privatekey privkey sessionkey storagekey servicekey sharedkey hostkey functionkey insertkey
  integrationkey adminkey appkey applicationkey clientkey licensekey licencekey deploykey`)
const OPAQUES = list(`
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
const SPECIFIC_TOKENS = list(`
  access refresh id auth session api bearer oauth secret csrf xsrf device bot user client login reset verification service
  credit security private deploy job`)
const SPECIFIC_SECRETS = list(`
  client app application api consumer oauth auth access jwt session cookie csrf webhook signing signature shared hmac
  encryption user`)

/** Lists of words in which names end. */
const PASSWORD = 1
const SHORT_PASSWORD = 2
const TOKEN = 4
/** Tokens and secrets whose name tells what for: `token` may also be a word of a language, `secret` where one is kept. */
const SPECIFIC = 8
const SECRET = 16
const OPAQUE = 32
const CODE = 64
const COOKIE = 128
const AUTHORIZATION = 256
const PAIR = 512
const INNOCENT = 1024
const SUFFIX = 2048
const VENDOR_MEMBER = 4096
const VENDOR_ALONE = 8192

const ends = new WordEnds()
ends.add(PASSWORD, PASSWORDS)
ends.add(SHORT_PASSWORD, SHORT_PASSWORDS)
ends.add(TOKEN, TOKENS)
ends.add(SPECIFIC, [
  ...SPECIFIC_TOKENS.map((word) => `${word}token`),
  ...SPECIFIC_SECRETS.map((word) => `${word}secret`),
  ...SECRETS.filter((word) => !VAGUE_SECRETS.includes(word)),
])
ends.add(SECRET, SECRETS)
ends.add(OPAQUE, OPAQUES)
ends.add(OPAQUE, ['sig', 'sessionid'], true)
ends.add(CODE, CODES, true)
ends.add(COOKIE, COOKIES)
ends.add(AUTHORIZATION, ['authorization'])
ends.add(PAIR, PAIRS, true)
ends.add(INNOCENT, [
  ...INNOCENT_KEYS.flatMap((word) => [`${word}key`, `${word}keys`]),
  ...INNOCENT_TOKENS.map((word) => `${word}token`),
  ...['author', 'unauth', 'path'],
])
ends.add(SUFFIX, SUFFIXES)
ends.add(VENDOR_MEMBER, VENDOR_MEMBERS)
ends.add(VENDOR_ALONE, vendorAlone, true)

/** `db_pass`, `dbPass`. */
const STANDS_ALONE = new RegExp(`(?:^|[_.\\-$])(?:${SHORT_PASSWORDS.join('|')})$`, 'i')
const CAMEL_PASSWORD = /[a-z](?:Pass|Pw)$/
const SESSION_ID = /^session(?:[_-]i|I)d$/

/** The last four letters of every name that {@link toKey} knows, and of the types that may stand behind a name. */
export const nameEnds = new GramTable(
  [
    ...[
      PASSWORDS,
      SHORT_PASSWORDS,
      TOKENS,
      SECRETS,
      OPAQUES,
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

const keysOf = (specific: boolean): Record<KeyKind, Key> => {
  const key = (kind: KeyKind): Key => ({ kind, specific })
  return {
    password: key('password'),
    secret: key('secret'),
    token: key('token'),
    opaque: key('opaque'),
    code: key('code'),
    authorization: key('authorization'),
    cookie: key('cookie'),
    pair: key('pair'),
  }
}
const specificKeys = keysOf(true)
const plainKeys = keysOf(false)

/** Judges a name in any spelling: `DB_PASSWORD`, `x-api-key`, `clientSecret`. Null: it says nothing of its value. */
export function toKey(name: string): Key | null {
  const lists = ends.listsOf(name, name.length)
  const kind = toKind(name, lists)
  if (kind === null) return null
  return isSpecific(kind, name, lists) ? specificKeys[kind] : plainKeys[kind]
}

function isSpecific(kind: KeyKind, name: string, lists: number): boolean {
  if (kind === 'opaque') return namesVendor(name)
  return (kind !== 'token' && kind !== 'secret') || (lists & SPECIFIC) !== 0
}

function toKind(name: string, lists: number): KeyKind | null {
  if ((lists & PAIR) !== 0) return 'pair'
  if ((lists & INNOCENT) !== 0 || ((lists & OPAQUE) !== 0 && SESSION_ID.test(name))) return null
  const kind = kindOf(name, lists)
  if (kind !== null && kind !== 'opaque') return kind
  return kindWithoutSuffix(name, lists) ?? kind ?? (isVendors(name, lists) ? 'opaque' : null)
}

function kindOf(name: string, lists: number): KeyKind | null {
  if ((lists & AUTHORIZATION) !== 0) return 'authorization'
  if ((lists & COOKIE) !== 0) return 'cookie'
  if ((lists & PASSWORD) !== 0 || ((lists & SHORT_PASSWORD) !== 0 && isShortPassword(name))) return 'password'
  if ((lists & SECRET) !== 0) return 'secret'
  if ((lists & TOKEN) !== 0) return 'token'
  if ((lists & CODE) !== 0) return 'code'
  return (lists & OPAQUE) !== 0 ? 'opaque' : null
}

const isShortPassword = (name: string): boolean => STANDS_ALONE.test(name) || CAMEL_PASSWORD.test(name)

function kindWithoutSuffix(name: string, listsOfAll: number): KeyKind | null {
  const inner = withoutSuffix(name, name.length, listsOfAll)
  if (inner === name.length) return null
  const end = withoutSuffix(name, inner, ends.listsOf(name, inner))
  const lists = ends.listsOf(name, end)
  if ((lists & INNOCENT) !== 0) return null
  if ((lists & PASSWORD) !== 0) return 'password'
  if ((lists & SECRET) !== 0) return 'secret'
  return (lists & TOKEN) !== 0 ? 'token' : null
}

/** Where the part of a name before `end`, which ends in `lists`, ends without its last number or word such as `prod`. */
function withoutSuffix(name: string, end: number, lists: number): number {
  if ((lists & SUFFIX) !== 0) return ends.startOf(SUFFIX, name, end)
  let at = end
  while (at > 0 && isDigitOrJoiner(name.charCodeAt(at - 1))) at--
  return at
}

const isDigitOrJoiner = (code: number): boolean => (code >= 48 && code <= 57) || isJoiner(code)

const isVendors = (name: string, lists: number): boolean =>
  (lists & VENDOR_ALONE) !== 0 || ((lists & VENDOR_MEMBER) !== 0 && namesVendor(name))

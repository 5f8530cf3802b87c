import type { Key, KeyKind } from './key-names.js'
import { isPlainWord, isScrambled, isState } from './letters.js'
import { isPlaceholder, isUnquotedPlaceholder } from './placeholders.js'
import { isRandom, UUID } from './randomness.js'
import { COLON, DIGIT, DOT, GREATER, HASH, isMixed, kindsOf, LETTER, SLASH, SPACE } from './value-kinds.js'
import { WordSet } from './word-set.js'

/**
 * How a value stands in the text: `quoted`; an `environment` line `NAME=value`; a `form` or connection string
 * `…&name=value&…`; a `header` field such as `x-api-key: value`; a `property` line `name=value` or `SOME_NAME: value`; an
 * `entry` line `name: value`; another setting that has its `line` to itself; one of several `fields` of a log line; or `bare`,
 * as in code.
 */
export type ValueForm = 'quoted' | 'environment' | 'form' | 'header' | 'property' | 'entry' | 'line' | 'fields' | 'bare'

/** Values that stand for no secret: types, states, booleans, modes. */
const INNOCENT = new WordSet(
  (
    'true false null none nil undefined unset empty yes no on off string str text number integer int float bool boolean ' +
    'object array list any unknown never void date buffer bytes byte binary blob char varchar uuid optional required ' +
    'mandatory hidden visible masked redacted removed filtered omitted encrypted hashed invalid valid missing expired ' +
    'wrong incorrect weak strong disabled enabled default auto automatic manual custom generated random basic bearer digest ' +
    'oauth oauth1 oauth2 oidc saml sso jwt ldap kerberos negotiate ntlm mtls iam include omit same-origin plain plaintext ' +
    'changeme change_me change-me changeit todo tbd tba fixme n/a na env vault keychain keyring file stdin prompt ask see ' +
    'using use set get is are was has not and or for the a an in of to with from by on if when your my this that it ' +
    'must can should will would may cannot new old const let var function return await async export import self ' +
    'flag flags option options argument arguments parameter parameters value values field fields input placeholder ' +
    'passwort kennwort senha mot contraseña identifier keyword comment operator delimiter punctuation type variable ' +
    'example sample dummy xxx xxxx redact mask unauthorized forbidden error ok success failed failure ' +
    'strict lax secure read write readonly password passphrase token secret key apikey authorization cookie credentials'
  ).split(' '),
)

const SENTENCE_WORD =
  /(?:^|\s)(?:the|is|are|a|an|your|must|be|at|least|enter|please|invalid|required|missing|not|for|to|of|and|or|with|in|on|has|have|can|will|should|this|that|no|if|when|from|as|by|was|de|der|la|le|das|ist|vergessen|forgot|reset|change|new|confirm|password|token|secret|key)(?=$|[\s.,!?:;'])/i

/** `vault:…`, `https://…`, `arn:…`, `urn:…`: where the secret is kept, or what it is called. */
const REFERENCE =
  /^(?:[a-z][a-z0-9+.-]{1,24}:\/\/|(?:file|vault|op|ref|env|projects|secretsmanager):?\/|arn:|urn:|\/\/)/i
const PATH = /^(?:[.~]{0,2}|[A-Za-z]:)(?:[\\/]+[\w@.-]+)+\/?$/
const FILE =
  /^[\w./-]+\.(?:json|pem|key|txt|ya?ml|env|crt|cer|p12|pfx|jks|ts|js|py|go|rb|java|md|html?|php|com|org|io)$/
/** `#title`, `.field`, `secret/data/app#key`. */
const SELECTOR = /^[#.][a-z][a-z-]*$|^[A-Za-z_-]+(?:\/[A-Za-z_-]+)+(?:#\w+)?$/
/** Names of types and algorithms, colours and versions. */
const TYPE_LIKE =
  /^(?:(?:u?int|float|utf|base|sha|md|bytes|oauth|oauth2|hs|rs|es|ps|aes|argon|pbkdf|bcrypt|scrypt|varchar|char|iso|ed|x|v|ipv|http|web|s|k8s|i)[-_]?\d{1,4}(?:[-_]?[a-z]{0,5})?|#[0-9a-f]{3,8}|[~^<>=]{0,2}v?\d+\.\d+\.\d+(?:-[\w.]+)?)$/i
/** Longest name of a type; versions, which have dots, may be longer. */
const MAX_TYPE = 20
const MEMBER = /^[A-Za-z_$][\w$]*(?:(?:\??\.|->|::)[A-Za-z_$][\w$]*)+!?$/
const MODULE = /^(?:process|os|import|config|secrets|vars|env|self|this|settings|app)\b/
/** A name in code that says what it holds: `token2`, `apiKey`. */
const VARIABLE = /^[A-Za-z_$]\D{0,29}\d{0,2}$/i
const TELLING_WORD = /password|passwd|passphrase|secret|token|key|auth|credential|cookie|bearer/i

function pointsElsewhere(value: string, kinds: number): boolean {
  if ((kinds & (DOT | SLASH | COLON | HASH)) === 0) return false
  if (FILE.test(value) || REFERENCE.test(value)) return true
  if ((kinds & (DOT | SLASH | HASH)) === 0) return false
  const isKey = value.length >= 30 && /[A-Z]/.test(value) && /\d/.test(value) && !value.includes('.')
  return SELECTOR.test(value) || (PATH.test(value) && !isKey)
}

/** `settings.password`, `user->token`: code that reads a value from somewhere. */
const isMember = (value: string, kinds: number): boolean =>
  (kinds & (DOT | GREATER | COLON)) !== 0 &&
  MEMBER.test(value) &&
  !value
    .split(/\W+/)
    .some((part) => part.length >= 16 && /\d/.test(part) && !/^[A-Za-z]+(?:_[A-Za-z0-9]+)+$/.test(part))

const isTypeLike = (value: string, kinds: number): boolean =>
  (kinds & (DIGIT | HASH)) !== 0 && (value.length <= MAX_TYPE || (kinds & DOT) !== 0) && TYPE_LIKE.test(value)

/** Whether a value without quotes is a word of code or a placeholder, in whatever form it stands. */
export const isOrdinary = (value: string, kinds: number): boolean =>
  INNOCENT.hasInAnyCase(value) || isUnquotedPlaceholder(value, kinds)

/** The length below which nothing is a secret: most values of names such as `key` need no other question. */
export function shortestSecret({ kind, specific }: Key, isQuoted: boolean): number {
  if (kind === 'opaque') return specific ? 14 : 16
  if (kind === 'code') return 8
  return isQuoted ? 1 : 3
}

/** Whether `value`, which stands after `key`, is a secret rather than code, prose or a placeholder. */
export const isSecretValue = (value: string, key: Key, form: ValueForm): boolean =>
  value.length >= shortestSecret(key, form === 'quoted') &&
  !INNOCENT.hasInAnyCase(value) &&
  !isPlaceholder(value) &&
  isSecretUnlessOrdinary(value, kindsOf(value), key, form)

/** The same of a value of such kinds of characters that {@link isOrdinary} has turned down. */
export function isSecretUnlessOrdinary(value: string, kinds: number, key: Key, form: ValueForm): boolean {
  if (pointsElsewhere(value, kinds) || isTypeLike(value, kinds)) return false
  if (key.kind === 'opaque') return isOpaque(value, kinds, key, form)
  if (key.kind === 'code') return form === 'form' && isRandom(value, 8)
  return form === 'quoted' ? isQuotedSecret(value, kinds, key) : isUnquotedSecret(value, kinds, key, form)
}

function isOpaque(value: string, kinds: number, key: Key, form: ValueForm): boolean {
  if (form !== 'quoted' && isMember(value, kinds)) return false
  if (key.specific) return isRandom(value, 14) || UUID.test(value)
  return isRandom(value, 16) && !UUID.test(value) && !/^\w+(?:[-.:/][a-z]+)+$/.test(value)
}

/** What follows where the quote that seemed to open the value closes the name: `"Password: " + read() + "…"`. */
const CODE_AFTER_QUOTE = /^\s*[,)}\];]|^\s*[+.&|?:]\s*[$\w"'(].*\s|^\s*\.\s*\$|^ [+=]/

function isQuotedSecret(value: string, kinds: number, { kind, specific }: Key): boolean {
  if (/^[^\w]/.test(value) && CODE_AFTER_QUOTE.test(value)) return false
  if ((kinds & (SPACE | SLASH)) !== 0 && /\s|\\[nrt]/.test(value)) return !isProse(value, kind)
  if (/^\^.*\$$|^[[(].*[\])]$/.test(value)) return false
  // Lexers and grammars call their words tokens, user interfaces their labels.
  if (kind === 'token' && !specific && (/^[a-z]+(?:[._-][a-z]+)*$/.test(value) || /^[A-Z][a-z]+$/.test(value)))
    return value.length >= 20 || /[a-z][A-Z].*[a-z][A-Z]/.test(value)
  return true
}

function isProse(value: string, kind: KeyKind): boolean {
  if (kind !== 'password' && kind !== 'secret' && !/\d/.test(value)) return true
  return SENTENCE_WORD.test(value) || /^[^\d]*[.!?]$/.test(value) || value.split(/\s+/).length > 12
}

/** What no value without digits begins with. */
const CODE_STARTS = '!(&*=>|{[]}),;:?@'

function isUnquotedSecret(value: string, kinds: number, { kind, specific }: Key, form: ValueForm): boolean {
  const isSetting = form === 'environment' || form === 'form' || form === 'header'
  const mixed = isMixed(kinds)
  if (!mixed && CODE_STARTS.includes(value[0]!)) return false
  if (isMember(value, kinds) && (!isSetting || MODULE.test(value))) return false
  if ((kinds & LETTER) === 0 && /^\d+(?:\.\d+)?$/.test(value))
    return kind === 'password' && value.length >= (isSetting ? 4 : 6)
  if (isSetting) return value.length >= 3 && !(form === 'header' && isState(value))
  if (form === 'fields') return value.length >= 3 && !(kind === 'token' && /^(?:[a-z]{1,7}|[A-Z]{1,7})$/.test(value))
  if (mixed) return value.length >= (form === 'bare' ? 6 : 5) && !(VARIABLE.test(value) && TELLING_WORD.test(value))
  if (form === 'property') return value.length >= (specific ? 3 : 8)
  if (form === 'entry' && specific && isPlainWord(value)) return true
  if (isScrambled(value)) return !TELLING_WORD.test(value)
  if (form !== 'bare')
    return kind === 'password' && value.length >= 5 && (/^[a-z]+$/.test(value) || /[!@#%^]/.test(value))
  return /[!@#%^~]/.test(value) && value.length >= 8
}

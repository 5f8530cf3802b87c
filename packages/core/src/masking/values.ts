import type { Key, KeyKind } from './key-names.js'

/**
 * How a value stands in the text: `quoted`; an `environment` line `NAME=value`; a `form` or connection string
 * `…&name=value&…`; a setting that has its `line` to itself; one of several `fields` of a log line; or `bare`, as in code.
 */
export type ValueForm = 'quoted' | 'environment' | 'form' | 'line' | 'fields' | 'bare'

/** Values that stand for no secret: types, states, booleans, modes. */
const INNOCENT = new Set(
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
    'strict lax secure read write readonly'
  ).split(' '),
)

const KEY_WORDS = new Set(
  (
    'password passwords passwd pwd pass passphrase passcode secret secrets token tokens api apikey key keys access auth ' +
    'authentication authorization oauth bearer basic client user username id refresh session cookie cookies credential ' +
    'credentials private encryption signing webhook value string field input confirm confirmation repeat reset forgot ' +
    'current required invalid missing here your the insert enter type name env var admin db database service account ' +
    'change page next header schema ref arn hash uri url file path'
  ).split(' '),
)
const CORE_WORD = /password|passwd|passphrase|secret|token|key|auth|credential|cookie|bearer/i

const STOP_WORD =
  /(?:^|\s)(?:the|is|are|a|an|your|must|be|at|least|enter|please|invalid|required|missing|not|for|to|of|and|or|with|in|on|has|have|can|will|should|this|that|no|if|when|from|as|by|was|de|der|la|le|das|ist|vergessen|forgot|reset|change|new|confirm|password|token|secret|key)(?=$|[\s.,!?:;'])/i

/** Whether a value is one that people write instead of a secret, or one that was masked before. */
export function isPlaceholder(text: string): boolean {
  const value = text.replace(/^["'`]+|["'`]+$/g, '')
  if (!/[A-Za-z0-9]/.test(value) || value.includes('****')) return true
  const first = value[0]!
  const last = value[value.length - 1]!
  if ((first === '<' && last === '>') || /^&lt;.*&gt;$/.test(value) || /^\$\w+\//.test(value)) return true
  if (/^(?:\$\{|\$\(|\{\{|\{%|#\{|@\{|<%|%\(|\[\[)/.test(value)) return true
  if (/^\$[A-Za-z_]\w*$|^\$\d$|^%\w+%$|^%[sdvq@]$|^\{\w*\}$|^@@?\w+@@?$|^:\w+$|^\$env:\w+$/i.test(value)) return true
  if (/\$\{\{? ?[\w.:-]+|\$\([\w ]+\)|\{\{.{1,80}\}\}/.test(value)) return true
  if (first === '[' && last === ']' && /^\[[A-Za-z _-]*\]$/.test(value)) return true
  if (value.length < 48 && /\.\.\.|\u2026|(?:^|[^A-Za-z])[xX]{4,}(?:$|[^A-Za-z])|\*{3}|(?:•|●){3}/.test(value))
    return true
  if (/[xX*#]{8}/.test(value)) return true
  if (/^([xX0*.•_-])\1{3,}$/.test(value)) return true
  return isMadeOfWords(value)
}

function isMadeOfWords(value: string): boolean {
  if (value.length > 64 || /\d/.test(value)) return false
  if (
    /(?:^|[^a-z])(?:your|placeholder|replace|insert|redacted|change[-_ ]?me|goes[-_ ]here|[-_ ]here)(?:$|[^a-z])/i.test(
      value,
    )
  ) {
    return true
  }
  if (!CORE_WORD.test(value)) return false
  const words = value.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)
  return words?.every((word) => KEY_WORDS.has(word.toLowerCase())) ?? false
}

const FOREIGN = /^(?:[a-z][a-z0-9+.-]{1,24}:\/\/|(?:file|vault|op|ref|env|projects|secretsmanager):?\/)/i
const PATH = /^(?:[.~]{0,2}|[A-Za-z]:)(?:[\\/]+[\w@.-]+)+\/?$/
const FILE =
  /^[\w./-]+\.(?:json|pem|key|txt|ya?ml|env|crt|cer|p12|pfx|jks|ts|js|py|go|rb|java|md|html?|php|com|org|io)$/
const TYPE_LIKE =
  /^(?:u?int|float|utf|base|sha|md|bytes|oauth|oauth2|hs|rs|es|ps|aes|argon|pbkdf|bcrypt|scrypt|varchar|char|iso|ed|x|v|ipv|http|web|s|k8s|i)[-_]?\d{1,4}(?:[-_]?[a-z]{0,4})?$/i
const MEMBER = /^[A-Za-z_$][\w$]*(?:(?:\??\.|->|::)[A-Za-z_$][\w$]*)+$/

const pointsElsewhere = (value: string): boolean =>
  /^\/\/|^[#.][a-z][a-z-]*$|^[A-Za-z_-]+(?:\/[A-Za-z_-]+)+(?:#\w+)?$/.test(value) ||
  FOREIGN.test(value) ||
  value.startsWith('arn:') ||
  (PATH.test(value) && !(value.length >= 30 && /[A-Z]/.test(value) && /\d/.test(value) && !value.includes('.'))) ||
  FILE.test(value)

/** `settings.password`, `user->token`: code that reads a value from somewhere. */
const isMember = (value: string): boolean =>
  MEMBER.test(value) && !value.split(/\W+/).some((part) => part.length >= 16 && /\d/.test(part))

/** A value that a machine made: letters and digits without an order that a reader would see. */
export function isRandom(value: string, minimum: number): boolean {
  return (
    value.length >= minimum &&
    /^[\w+/=.~:@!%-]+$/.test(value) &&
    /\d|=$/.test(value) &&
    /[A-Za-z]/.test(value) &&
    new Set(value.slice(0, 64)).size >= Math.min(8, minimum) &&
    !/^[A-Za-z]+(?:[-_./:][A-Za-z]+)*[-_./:]?v?\d{1,4}$/.test(value) &&
    !/^[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|ai|local|internal)(?::\d+)?(?:\/|$)/.test(value)
  )
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether `value`, which stands after `key`, is a secret rather than code, prose or a placeholder. */
export function isSecretValue(value: string, key: Key, form: ValueForm): boolean {
  if (value.length === 0 || isPlaceholder(value) || INNOCENT.has(value.toLowerCase())) return false
  if (pointsElsewhere(value)) return false
  if (key.kind === 'opaque') return isOpaque(value, key.specific)
  return form === 'quoted' ? isQuotedSecret(value, key) : isUnquotedSecret(value, key.kind, form)
}

function isOpaque(value: string, vendor: boolean): boolean {
  if (vendor) return isRandom(value, 14) || UUID.test(value)
  return isRandom(value, 16) && !UUID.test(value) && !/^[\w]+(?:[-.:/][a-z]+)+$/.test(value)
}

function isQuotedSecret(value: string, { kind, specific }: Key): boolean {
  // The quote that seemed to open the value closes one that holds the name: `"Password: " + read() + "…"`.
  if (/^\s*[,)}\];]|^\s*[+.&|?:]\s*[$\w"'(].*\s|^\s*\.\s*\$|^ [+=]/.test(value)) return false
  if (/\s|\\[nrt]/.test(value)) return !isProse(value, kind)
  if (/^\^.*\$$|^[[(].*[\])]$/.test(value)) return false
  if (TYPE_LIKE.test(value)) return false
  // Lexers and grammars call their words tokens, user interfaces their labels.
  if (kind === 'token' && !specific && (/^[a-z]+(?:[._-][a-z]+)*$/.test(value) || /^[A-Z][a-z]+$/.test(value)))
    return value.length >= 20 || /[a-z][A-Z].*[a-z][A-Z]/.test(value)
  return true
}

function isProse(value: string, kind: KeyKind): boolean {
  if (kind !== 'password' && !/\d/.test(value) && kind !== 'secret') return true
  return STOP_WORD.test(value) || /^[^\d]*[.!?]$/.test(value) || value.split(/\s+/).length > 12
}

function isUnquotedSecret(value: string, kind: KeyKind, form: ValueForm): boolean {
  const settings = form === 'environment' || form === 'form'
  if (/^[!(&*=>|{[\]}),;:?]/.test(value) && !/[A-Za-z0-9].*\d|\d.*[A-Za-z]/.test(value)) return false
  if (
    isMember(value) &&
    (!settings || /^(?:process|os|import|config|secrets|vars|env|self|this|settings|app)\b/.test(value))
  ) {
    return false
  }
  if (/^\d+(?:\.\d+)?$/.test(value)) return kind === 'password' && value.length >= (settings ? 4 : 6)
  if (TYPE_LIKE.test(value)) return false
  const mixed = /\d/.test(value) && /[A-Za-z]/.test(value)
  if (settings) return value.length >= 3
  if (form === 'fields') return value.length >= 3 && !(kind === 'token' && /^[a-z]+$/.test(value) && value.length < 8)
  // In code a name of letters and digits may be a variable: one that says what it holds is.
  if (mixed)
    return (
      value.length >= (form === 'line' ? 5 : 6) &&
      !(CORE_WORD.test(value) && /^[A-Za-z_$][\w$]{0,30}$/.test(value) && /^\D+\d{0,2}$/.test(value))
    )
  if (form === 'line')
    return kind === 'password' && value.length >= 5 && (/^[a-z]+$/.test(value) || /[!@#%^]/.test(value))
  return /[!@#%^~]/.test(value) && value.length >= 8
}

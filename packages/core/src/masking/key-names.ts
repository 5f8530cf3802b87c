/**
 * What the name of a setting, field, header or variable says of its value:
 * `password` and `secret` any text may be the value; `token` the same, but parsers and tokenizers use the word too;
 * `opaque` only a value that looks random is a secret; `authorization` and `cookie` values have a grammar of their own;
 * `pair` the value is itself a name, of the value that follows.
 */
export type KeyKind = 'password' | 'secret' | 'token' | 'opaque' | 'authorization' | 'cookie' | 'pair'

const PASSWORD = /(?:password|passwd|passwort|kennwort|passphrase|passcode|passwrd|pwd|contrasena|senha)$/
const PASSWORD_WORD = /(?:^|[_.\-$])(?:pass|pw|psw|pword)$|[a-z](?:Pass|Pw)$/i
const PASS_CAMEL = /[a-z](?:Pass|Pw)$/
const TOKEN = /(?:token|jwt|bearer)$/
const SECRET =
  /(?:secret|apikeys?|secretkey|accesskey|privatekey|privkey|authkey|accountkey|encryptionkeys?|encryptkey|decryptionkey|signingkey|masterkey|sharedkey|subscriptionkey|storagekey|sessionkey|servicekey|servicerolekey|hmackey|licensekey|licencekey|adminkey|appkey|applicationkey|clientkey|clientapikeys?|integrationkey|ingestkey|insertkey|functionkey|hostkey|deploykey|jwtkey|aeskey|clientsecrets?|codeverifier|seedphrase|mnemonic|recoveryphrase|recoverykey|prompttrainkey|xfunctionskey|amzsignature|googsignature|amzsecuritytoken|authpass)$/
const OPAQUE =
  /(?:key|credential|credentials|creds|cred|assertion|auth|phpsessid|jsessionid|sessionid|connectsid|gitlabsession|sessioncookie|oauth|pat|sas|^sig|sastoken|authcode|authorizationcode)$/
/** Names that end in one of the words above and mean something else. */
const INNOCENT =
  /(?:public|pub|publishable|primary|foreign|cache|sort|partition|idempotency|object|group|map|json|translation|unique|dedupe|dedup|routing|hot|turn|mon|don|registry|row|column|index|composite|natural|sequence|schema|bucket|issuerkeyhash|s3|shard|ordering|message|query|react|item|list|node|parent|child|event|sequence|localstorage|i18n)keys?$|(?:page|next|continuation|cancel|cancellation|pad|eos|bos|unk|sep|cls|mask|stop|special|start|end|public|per|first|last|current|prev|previous|design|to|image|audio|text|lookahead|peek|jsonweb)token$|(?:author|unauth)$|path$/
/** What people put behind the word that counts. */
const SUFFIX =
  /(?:\d+|prod|production|dev|development|staging|stage|live|test|value|val|string|str|plain|plaintext|base64|b64|old|new|primary|secondary|donotcommit)$/
const VENDOR =
  /(?:adafruit|adobe|airtable|algolia|alibaba|aliyun|amplitude|anthropic|apify|asana|atlassian|auth0|aws|azure|beamer|bitbucket|bittrex|brevo|bugsnag|buildkite|circleci|clickhouse|cloudflare|cloudinary|codecov|cohere|coinbase|confluence|confluent|contentful|datadog|deepgram|deepseek|digitalocean|discord|docker|dropbox|droneci|elastic|etherscan|etsy|facebook|fastly|figma|finicity|finnhub|flickr|freshbooks|freshdesk|gemini|gitea|github|gitlab|gitter|gocardless|google|grafana|groq|heroku|honeycomb|hubspot|huggingface|infura|intercom|jenkins|jfrog|jira|jumpcloud|kraken|kucoin|langfuse|launchdarkly|linear|linkedin|linode|lob|looker|mailchimp|mailgun|mailjet|mapbox|mattermost|meraki|messagebird|mistral|mixpanel|mongodb|netlify|newrelic|ngrok|notion|nytimes|okta|openai|opsgenie|pagerduty|paypal|pinecone|plaid|postmark|posthog|privateai|pusher|rapidapi|razorpay|replicate|rollbar|salesforce|sauce|segment|sendbird|sendgrid|sentry|shodan|shopify|slack|snowflake|snyk|sonar|sourcegraph|splunk|square|squarespace|stripe|sumo|supabase|telegram|tencent|terraform|tiingo|travis|trello|twilio|twitch|twitter|typeform|vault|vercel|virustotal|wakatime|webflow|yandex|zendesk|zoho|zoom)/
const VENDOR_MEMBER = /(?:key|id|auth|code|pat|pass|access|api|login|pw|credentials?|secret|token)$/

/** Tokens whose name tells what for; a plain `token` may also be a word of a language. */
const SPECIFIC_TOKEN =
  /(?:access|refresh|id|auth|session|api|bearer|oauth|secret|csrf|xsrf|device|bot|user|client|login|reset|verification|service|credit|security)(?:token)$/

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
  if (/^(?:name|key|id|field|variable|property|header)$/.test(flat)) return 'pair'
  if (INNOCENT.test(flat)) return null
  const kind = judgeFlat(name, flat)
  if (kind !== null && kind !== 'opaque') return kind
  const shorter = flat.replace(SUFFIX, '').replace(SUFFIX, '')
  const suffixed = shorter === flat || INNOCENT.test(shorter) ? null : judgeFlat(name, shorter)
  if (suffixed !== null && suffixed !== 'opaque' && suffixed !== 'authorization' && suffixed !== 'cookie')
    return suffixed
  return kind ?? (VENDOR.test(flat) && (VENDOR_MEMBER.test(flat) || isVendorAlone(flat)) ? 'opaque' : null)
}

function judgeFlat(name: string, flat: string): KeyKind | null {
  if (flat.endsWith('authorization')) return 'authorization'
  if (/(?:cookie|cookies)$/.test(flat)) return 'cookie'
  if (PASSWORD.test(flat)) return 'password'
  if (PASSWORD_WORD.test(name) && (PASS_CAMEL.test(name) || /(?:^|[_.\-$])(?:pass|pw|psw|pword)$/i.test(name))) {
    return 'password'
  }
  if (SECRET.test(flat)) return 'secret'
  if (TOKEN.test(flat)) return 'token'
  return OPAQUE.test(flat) ? 'opaque' : null
}

function isVendorAlone(flat: string): boolean {
  return VENDOR.exec(flat)?.[0] === flat
}

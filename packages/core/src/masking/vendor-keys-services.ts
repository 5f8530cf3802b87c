import type { VendorKeyRow } from './vendor-key-row.js'

const END = '(?![\\w-])'
const UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}'
/** A slash as it stands in a URL, in JSON that escapes it, and percent-encoded. */
const SLASH = '(?:\\\\{0,4}/|%2[fF])'
/** Bot tokens begin with the base64 of a decimal id. */
const discordStarts = ['MT', 'Mj', 'Mz', 'ND', 'NT', 'Nj', 'Nz', 'OD', 'OT'].flatMap((two) =>
  [...'AEIMQUYcgk'].map((third) => two + third),
)
const ANY_UUID = '{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}'

/** Tokens, payment and messaging. */
export const serviceKeys: readonly VendorKeyRow[] = [
  [
    'JSON Web Token',
    'eyJ',
    '[\\w-]{8,1300}={0,2}\\.(?:ey[\\w-]{4,2000}={0,2}(?:\\.[\\w-]{0,700})?|[\\w-]{0,700}\\.[\\w-]{8,700}(?:\\.[\\w-]{8,700}(?:\\.[\\w-]{8,300})?)?)',
    'RFC 7519',
    'hbGciOiJIUzI1NiJ9.eyJmYWtlIjp0cnVlfQ.FAKE{39}',
  ],
  [
    'JSON Web Token, header with spaces',
    'ewog',
    '[\\w-]{8,2000}\\.(?:eyJ|ewo)[\\w-]{4,2600}\\.[\\w-]{0,600}',
    'trufflehog',
    'ICJhbGciOiJIUzI1NiJ9.eyJmYWtlIjp0cnVlfQ.FAKE{39}',
  ],
  ...['sk_live_', 'sk_test_', 'sk_prod_', 'rk_live_', 'rk_test_', 'rk_prod_'].map(
    (prefix): VendorKeyRow => [`Stripe ${prefix}`, prefix, '[\\w-]{10,250}', 'docs.stripe.com/keys', 'FAKE{24}'],
  ),
  ['Stripe and others, webhook secret', 'whsec_', '[A-Za-z0-9+/=_-]{16,100}', 'docs.stripe.com/webhooks', 'FAKE{28}'],
  [
    'Stripe payment intent secret',
    'pi_',
    '[A-Za-z0-9]{14,40}_secret_[A-Za-z0-9]{16,40}',
    'docs.stripe.com',
    'FAKE{20}_secret_{25}',
  ],
  ['Square access token', 'EAAA', `[\\w-]{40,70}${END}`, 'developer.squareup.com', 'FAKE{56}'],
  ['Square personal token', 'sq0atp-', '[\\w-]{22,60}', 'developer.squareup.com', 'FAKE{18}'],
  ['Square OAuth secret', 'sq0csp-', '[\\w-]{40,60}', 'developer.squareup.com', 'FAKE{39}'],
  ['Facebook', 'EAA', '[A-Za-z0-9]{80,400}', 'developers.facebook.com', 'CFAKE{110}'],
  [
    'PayPal and Braintree',
    'access_token$',
    '(?:production|sandbox)\\$[0-9a-z]{16}\\$[0-9a-f]{32}',
    'developer.paypal.com',
    'production${hex:16}${hex:32}',
  ],
  ['Plaid', 'access-', `(?:sandbox|development|production)-${UUID}`, 'plaid.com/docs', `production-${ANY_UUID}`],
  ['Razorpay', 'rzp_live_', '[A-Za-z0-9]{14,30}', 'razorpay.com/docs', 'FAKE{10}'],
  ['Razorpay, test', 'rzp_test_', '[A-Za-z0-9]{14,30}', 'razorpay.com/docs', 'FAKE{10}'],
  [
    'Flutterwave secret key',
    'FLWSECK',
    '(?:_TEST)?-[A-Za-z0-9]{12,40}(?:-X)?',
    'developer.flutterwave.com',
    '_TEST-{hex:32}-X',
  ],
  ['Shippo', 'shippo_', '(?:live|test)_[a-fA-F0-9]{40}', 'docs.goshippo.com', 'live_{hex:40}'],
  ['EasyPost', 'EZAK', '[A-Za-z0-9]{54}', 'docs.easypost.com', 'FAKE{50}'],
  ['EasyPost, test', 'EZTK', '[A-Za-z0-9]{54}', 'docs.easypost.com', 'FAKE{50}'],
  ['Duffel', 'duffel_', '(?:test|live)_[\\w=-]{43}', 'duffel.com/docs', 'live_FAKE{39}'],
  ...['shpat_', 'shpca_', 'shppa_', 'shpss_', 'shptka_', 'shpua_'].map(
    (prefix): VendorKeyRow => [`Shopify ${prefix}`, prefix, '[A-Za-z0-9]{32,64}', 'shopify.dev/docs', '{hex:32}'],
  ),
  ...['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxo-', 'xoxc-', 'xoxd-', 'xoxe-'].map(
    (prefix): VendorKeyRow => [`Slack ${prefix}`, prefix, '[\\w%-]{10,300}', 'docs.slack.dev', '1234567890-FAKE{24}'],
  ),
  ['Slack configuration token', 'xoxe.', 'xox[bp]-\\d-[A-Za-z0-9]{100,200}', 'docs.slack.dev', 'xoxp-1-FAKE{160}'],
  [
    'Slack app token',
    'xapp-',
    '\\d-[A-Za-z0-9]{4,20}-\\d{6,20}-[A-Za-z0-9]{20,100}',
    'docs.slack.dev',
    '1-A0FAKE-1234567890-{hex:64}',
  ],
  [
    'Slack webhook',
    'hooks.slack.com',
    `${SLASH}(?:services|workflows|triggers)${SLASH}(?![xX./]+|T0+/B0+/X+|\\.)(?:[A-Za-z0-9+/]|${SLASH}){20,100}`,
    'docs.slack.dev',
    '/services/T0FAKE{5}/B0FAKE{5}/{24}',
  ],
  ['Zapier webhook', 'hooks.zapier.com/hooks/catch/', '[A-Za-z0-9/]{10,60}', 'zapier.com/help', '1234567/FAKE{4}'],
  [
    'Discord webhook',
    'discord.com',
    `${SLASH}api${SLASH}(?:v\\d{1,2}${SLASH})?webhooks${SLASH}\\d{15,22}${SLASH}[\\w-]{40,100}`,
    'discord.com/developers',
    '/api/webhooks/123456789012345678/FAKE{64}',
  ],
  [
    'Discord webhook, older',
    'discordapp.com',
    `${SLASH}api${SLASH}(?:v\\d{1,2}${SLASH})?webhooks${SLASH}\\d{15,22}${SLASH}[\\w-]{40,100}`,
    'discord.com/developers',
    '/api/webhooks/123456789012345678/FAKE{64}',
  ],
  ...discordStarts.map(
    (prefix): VendorKeyRow => [
      `Discord bot ${prefix}`,
      prefix,
      '[\\w-]{20,25}\\.[\\w-]{6}\\.[\\w-]{25,40}',
      'discord.com/developers',
      'FAKE{18}.{6}.{38}',
    ],
  ),
  ...[...'0123456789abcdef'].map(
    (digit): VendorKeyRow => [
      `Twilio API key SK${digit}`,
      `SK${digit}`,
      `[0-9a-fA-F]{31}${END}`,
      'twilio.com/docs',
      '{hex:31}',
    ],
  ),
  ['SendGrid', 'SG.', '[\\w-]{16,32}\\.[\\w-]{30,64}', 'twilio.com/docs/sendgrid', 'FAKE{18}.{43}'],
  ['SendGrid, one part', 'SG.', '[\\w=.-]{60,70}', 'gitleaks', 'FAKE{62}'],
  ['Brevo', 'xkeysib-', '[\\w-]{40,100}', 'developers.brevo.com', '{hex:64}-FAKE{12}'],
  ['Brevo SMTP', 'xsmtpsib-', '[\\w-]{40,100}', 'developers.brevo.com', '{hex:64}-FAKE{12}'],
  ['Mailgun', 'key-', `[a-z0-9]{32}${END}`, 'documentation.mailgun.com', '{hex:32}'],
  ['Mandrill and Mailchimp transactional', 'md-', `[A-Za-z0-9_-]{22}${END}`, 'mailchimp.com/developer', 'FAKE{18}'],
  ['Resend', 're_', '[A-Za-z0-9]{6,12}_[A-Za-z0-9]{18,40}', 'resend.com/docs', 'FAKE{4}_{24}'],
  [
    'Telegram bot, in an API URL',
    'api.telegram.org/bot',
    '\\d{6,12}:[\\w-]{30,50}',
    'core.telegram.org/bots',
    '1234567890:AAFAKE{29}',
  ],
  ['Zulip, Mapbox and others', 'sk.', 'eyJ[\\w-]{20,300}\\.[\\w-]{16,64}', 'docs.mapbox.com', 'eyJ1FAKE{60}.{22}'],
  ['Mapbox temporary', 'tk.', 'eyJ[\\w-]{20,300}\\.[\\w-]{16,64}', 'docs.mapbox.com', 'eyJ1FAKE{60}.{22}'],
]

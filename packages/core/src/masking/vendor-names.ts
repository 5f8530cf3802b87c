import { GramTable } from './grams.js'
import { isJoiner } from './word-ends.js'

/** Services whose keys have no form of their own: a name that holds one of these and ends in `key` or the like tells enough. */
const vendorNames: readonly string[] = (
  'adafruit adobe airtable algolia alibaba aliyun amplitude anthropic apify asana atlassian auth0 aws azure beamer ' +
  'bitbucket bittrex brevo bugsnag buildkite circleci clickhouse cloudflare cloudinary codecov cohere coinbase confluence ' +
  'confluent contentful datadog deepgram deepseek digitalocean discord docker dropbox droneci elastic etherscan etsy ' +
  'facebook fastly figma finicity finnhub flickr freshbooks freshdesk gemini gitea github gitlab gitter gocardless google ' +
  'grafana groq heroku honeycomb hubspot huggingface infura intercom jenkins jfrog jira jumpcloud kraken kucoin langfuse ' +
  'launchdarkly linear linkedin linode lob looker mailchimp mailgun mailjet mapbox mattermost meraki messagebird mistral ' +
  'mixpanel mongodb netlify newrelic ngrok notion nytimes okta openai opsgenie pagerduty paypal pinecone plaid postmark ' +
  'posthog privateai pusher rapidapi razorpay replicate rollbar salesforce sauce segment sendbird sendgrid sentry shodan ' +
  'shopify slack snowflake snyk sonar sourcegraph splunk square squarespace stripe sumo supabase telegram tencent ' +
  'terraform tiingo travis trello twilio twitch twitter typeform vault vercel virustotal wakatime webflow yandex zendesk ' +
  'zoho zoom'
).split(' ')

const NEVER_ALONE =
  /^(?:aws|azure|docker|elastic|google|linear|segment|square|vault|vercel|replicate|sauce|lob|notion|zoom|finicity|wakatime)$/
/**
 * Those that name a key even alone: `groq: "…"`. The rest are also words, or clouds with names of many kinds, or end as
 * names do that stand in every line: `"time":`, `"city":`.
 */
export const vendorAlone: readonly string[] = vendorNames.filter((name) => !NEVER_ALONE.test(name))

const VENDOR = new RegExp(vendorNames.join('|'))
const vendorStarts = new GramTable(vendorNames, 'start')

/** Whether a name holds the name of a service, in any spelling. Most hold no four letters with which one begins. */
export function namesVendor(name: string): boolean {
  let first = 0
  let second = 0
  let third = 0
  for (let at = 0; at <= name.length; at++) {
    const code = at < name.length ? name.charCodeAt(at) : 0
    if (isJoiner(code)) continue
    if (code > 127 || vendorStarts.has(first, second, third, code))
      return VENDOR.test(name.toLowerCase().replace(/[_\-.$]/g, ''))
    first = second
    second = third
    third = code
  }
  return false
}

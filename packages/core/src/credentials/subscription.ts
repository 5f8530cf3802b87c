import type { OAuthCredential, UsableCredential } from '../storage/credential.js'

const SUBSCRIPTION_SCOPES = /^user:(?:inference$|sessions)/
const ORGANIZATION_SCOPES = /^(?:workspace|org):/
const SUBSCRIPTION_HOSTS = /(?:^|\.)claude\.(?:ai|com)$/

/**
 * Whether a credential counts as one of a subscription plan. What the login stored decides. Tokens look alike, so a
 * credential that can renew itself and says nothing counts as one; a bare access token may come from anywhere.
 */
export function isSubscription({
  subscription,
  refreshToken = null,
}: Partial<Pick<OAuthCredential, 'subscription' | 'refreshToken'>>): boolean {
  return subscription ?? refreshToken !== null
}

/** The form of an OAuth access token, which a person has of a plan; organisations' callers have API keys. */
const OAUTH_TOKEN = /^bearer +sk-ant-oat/i

/** Whether what goes up with a credential is paid for by a plan, and not per token. */
export function isPlanTraffic(credential: UsableCredential): boolean {
  if (credential.type === 'oauth') return isSubscription(credential)
  return credential.type === 'passed' && OAUTH_TOKEN.test(credential.authorization?.expose() ?? '')
}

/**
 * Whether a login is one to a subscription plan, by what was granted and where: an organisation's has a scope of a
 * workspace or the organisation, none of a user's own use, and is not given by the site of the plans.
 */
export function isSubscriptionLogin(scopes: readonly string[], authorizeUrl: URL): boolean {
  const isOrganization =
    scopes.some((scope) => ORGANIZATION_SCOPES.test(scope)) &&
    !scopes.some((scope) => SUBSCRIPTION_SCOPES.test(scope)) &&
    !isPlanSite(authorizeUrl)
  return !isOrganization
}

function isPlanSite({ hostname }: URL): boolean {
  return SUBSCRIPTION_HOSTS.test(hostname) && hostname !== 'platform.claude.com'
}

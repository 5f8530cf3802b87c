import type { OAuthCredential } from '../storage/credential.js'

const SUBSCRIPTION_SCOPES = /^user:(?:inference$|sessions)/
const ORGANIZATION_SCOPES = /^(?:workspace|org):/
const SUBSCRIPTION_HOSTS = /(?:^|\.)claude\.(?:ai|com)$/

/**
 * Whether a credential counts as one of a subscription plan. What the login stored decides. Tokens look alike, so a
 * credential that can renew itself and says nothing counts as one; a bare access token may come from anywhere.
 */
export function isSubscription({ subscription, refreshToken }: OAuthCredential): boolean {
  return subscription ?? refreshToken !== null
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

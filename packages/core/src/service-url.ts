import { ConfigurationError } from './errors.js'

/** Base URL of the Anthropic API. */
export const ANTHROPIC_API = 'https://api.anthropic.com'

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/

/** Whether a URL leads to this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return LOOPBACK.test(hostname)
}

/**
 * Reads the URL of a service that secrets are sent to.
 *
 * @throws ConfigurationError that names `option`, when the text is not https (or http on a loopback address), or has
 * more than an origin and a path
 */
export function toServiceUrl(option: string, text: string): URL {
  // The text may hold a password: it is not quoted, and URL's own error, which quotes it, is dropped.
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigurationError(option, 'is not an https URL such as https://api.anthropic.com')
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigurationError(option, 'must be an origin with at most a path: no user, password, query or fragment')
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    throw new ConfigurationError(option, 'must use https: plain http is accepted for loopback addresses only')
  }
  return url
}

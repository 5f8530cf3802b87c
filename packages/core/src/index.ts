export type { Alert, AlertSink } from './alerts.js'
export { type Authenticate, allowAnyone, type Identity } from './auth/authenticate.js'
export { type ClientKeyOptions, createClientKey, digestClientKey, isClientKey, toClientKey } from './client-key.js'
export { type Clock, systemClock } from './clock.js'
export type { Assertion } from './credentials/federation.js'
export {
  type FileCredentialHealth,
  type FileCredentialStore,
  type FileCredentialStoreOptions,
  fileCredentialStore,
} from './credentials/files/file-store.js'
export type { FileProblem } from './credentials/files/folder-reader.js'
export {
  createOAuthLogin,
  type OAuthLogin,
  OAuthLoginError,
  type OAuthLoginOptions,
} from './credentials/oauth-login.js'
export type { OAuthOptions } from './credentials/oauth-options.js'
export {
  listOAuthStatus,
  type OAuthState,
  type OAuthStatus,
  type RefreshOAuthOptions,
  refreshOAuth,
} from './credentials/oauth-status.js'
export type { CredentialHealth } from './credentials/resolve.js'
export {
  ConfigurationError,
  errorTable,
  ProxyError,
  type ProxyErrorCode,
  StorageError,
  type StorageErrorCode,
} from './errors.js'
export type { AnswerFacts, Exchange, Usage } from './exchange.js'
export { createLogger, type Logger, type LoggerOptions, silentLogger } from './logger.js'
export type { InboundRequest, Mountable, MountableFetchInit, ResponseSink } from './mountable.js'
export type { ProxyOptions } from './options.js'
export { createProxy, type ProxyApp, type ProxyHealth } from './proxy.js'
export { Secret } from './secret.js'
export { type MemoryStorageOptions, memoryStorage } from './storage/memory.js'
export {
  type ApiKeyCredential,
  type ClientKey,
  type ClientKeyLookup,
  type ClientKeyStore,
  type ClientKeyUse,
  type Credential,
  type CredentialLease,
  type CredentialLookup,
  type CredentialStore,
  type FederationCredential,
  type MaybePromise,
  neverRefreshed,
  type OAuthCredential,
  type OAuthRefreshState,
  type PassedCredential,
  type SealedCredential,
  type Storage,
  type UsableCredential,
} from './storage/storage.js'
export type { Timeouts } from './upstream/forward.js'
export { type AllowHeaders, headerPolicy } from './upstream/headers.js'
export { defaultRoutes, type Route } from './upstream/target.js'
export { respond } from './web.js'
export type { RespondOptions } from './web-sink.js'

export type { Alert, AlertSink } from './alerts.js'
export { type Authenticate, allowAnyone, type Identity } from './auth/authenticate.js'
export {
  type ClientKeyState,
  clientKeyState,
  type RotateOptions,
  type Rotation,
  revokeClientKeys,
  rotateClientKey,
} from './auth/key-lifecycle.js'
export { type ClientKeyOptions, createClientKey, digestClientKey, isClientKey, toClientKey } from './client-key.js'
export { type Clock, systemClock } from './clock.js'
export { type ContentReader, createContentReader, type OpenedContent } from './content/open-content.js'
export type { ConversationBranch } from './conversations/branches.js'
export {
  type Conversation,
  type LinkedConversations,
  type LinkingCounts,
  linkConversations,
} from './conversations/link-conversations.js'
export type { LinkableExchange } from './conversations/linkable.js'
export { listConversations } from './conversations/list-conversations.js'
export { relatedRequests } from './conversations/related-requests.js'
export { createRecordPricer } from './cost/price-record.js'
export type { PriceRow, Rates } from './cost/price-table.js'
export type { Assertion } from './credentials/federation.js'
export { assertDomain } from './credentials/files/file-name.js'
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
  type ResealOptions,
  type ResealResult,
  type ResealStep,
  rewrapCredentials,
  sealCredentials,
} from './credentials/sealed/reseal.js'
export {
  type SealedCredentialStore,
  type SealedCredentialStoreOptions,
  sealedCredentialStore,
} from './credentials/sealed/sealed-store.js'
export type { FailureLimit } from './edge/auth-failures.js'
export {
  ClientKeyError,
  type ClientKeyErrorCode,
  ConfigurationError,
  errorTable,
  KeyRingError,
  type KeyRingErrorCode,
  ProxyError,
  type ProxyErrorCode,
  StorageError,
  type StorageErrorCode,
} from './errors.js'
export type { AnswerFacts, Exchange, Usage } from './exchange.js'
export {
  createKeyRingKey,
  formatKeyRing,
  type KeyRing,
  type KeyWrapper,
  parseKeyRing,
  type RingKey,
} from './key-ring/key-ring.js'
export type { SealContext, SealingKey } from './key-ring/seal.js'
export { createSealer, readRingKeyId, type Sealer, type SealerOptions } from './key-ring/sealer.js'
export { createLogDestination, type LogDestination } from './log-destination.js'
export { createLogger, type Logger, type LoggerOptions, maskingLogger, silentLogger } from './logger.js'
export { type HeaderFields, maskHeaders } from './masking/mask-headers.js'
export { maskJson } from './masking/mask-json.js'
export { createMaskStream } from './masking/mask-stream.js'
export { maskText } from './masking/mask-text.js'
export type { InboundRequest, Mountable, MountableFetchInit, ResponseSink } from './mountable.js'
export { createProxy } from './proxy.js'
export type { ProxyApp, ProxyHealth } from './proxy-app.js'
export type { ProxyOptions } from './proxy-options.js'
export type { RecorderHealth } from './record/recorder.js'
export type { RecordOptions } from './recording.js'
export { Secret } from './secret.js'
export { toServiceUrl } from './service-url.js'
export {
  type ApiKeyCredential,
  type Credential,
  type FederationCredential,
  isCredentialText,
  neverRefreshed,
  type OAuthCredential,
  type OAuthRefreshState,
  type PassedCredential,
  type SealedCredential,
  type UsableCredential,
} from './storage/credential.js'
export type {
  AppendReport,
  ContentPart,
  Cost,
  ExchangeFilter,
  ExchangePage,
  ExchangeRecord,
  ExchangeStore,
  HistoryRun,
  PurgeReport,
  RepriceReport,
  Retention,
  StoredContent,
} from './storage/exchange-store.js'
export type { LinkFacts } from './storage/link-facts.js'
export { type MemoryStorageOptions, memoryStorage } from './storage/memory.js'
export type {
  ClientKey,
  ClientKeyLookup,
  ClientKeyStore,
  ClientKeyUse,
  CredentialLease,
  CredentialLookup,
  CredentialStore,
  MaybePromise,
  Storage,
} from './storage/storage.js'
export { countTokens, type TokenCounts } from './storage/token-counts.js'
export type { UsageDimension, UsageRow } from './storage/usage-row.js'
export type { Timeouts } from './upstream/forward.js'
export { type AllowHeaders, headerPolicy } from './upstream/headers.js'
export { defaultRoutes, type Route } from './upstream/target.js'
export { respond } from './web.js'
export type { RespondOptions } from './web-sink.js'

/**
 * Cuts the path that an app is mounted under off a request target. A target that does not begin with it as it is
 * spelled lies outside and says so, with `/..` before it: whole, it could be a route of the app.
 */
export function cutMountPath(target: string, mountPath: string): string {
  if (!target.startsWith(mountPath)) return outside(target)
  const rest = target.slice(mountPath.length)
  return rest.startsWith('/') ? rest : rest === '' || rest.startsWith('?') ? `/${rest}` : outside(target)
}

/** What is no path is left as it is: it is malformed wherever it lies. */
function outside(target: string): string {
  return target.startsWith('/') ? `/..${target}` : target
}

/**
 * Cuts the path that an app is mounted under off a request target. A target that does not begin with it as it is
 * spelled stays whole, and matches no route.
 */
export function cutMountPath(target: string, mountPath: string): string {
  if (!target.startsWith(mountPath)) return target
  const rest = target.slice(mountPath.length)
  return rest.startsWith('/') ? rest : rest === '' || rest.startsWith('?') ? `/${rest}` : target
}

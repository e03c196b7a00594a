/** Whether it is a path that stays inside the folder that it counts from, on any platform. */
export function isProjectPath(path: unknown): path is string {
  return typeof path === 'string' && path !== '' && !/^(?:[/\\]|[A-Za-z]:)/.test(path) && !path.split(/[/\\]/).includes('..');
}

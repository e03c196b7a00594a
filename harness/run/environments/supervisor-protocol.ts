/** What the harness asks of its supervisor: one JSON object a line on the supervisor's stdin. */
export type SupervisorCommand =
  | {
      readonly do: 'spawn';
      readonly id: string;
      readonly command: readonly string[];
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
      /** Holds the process's stdin open as long as the supervisor lives, so that it can notice its death. */
      readonly holdStdin: boolean;
    }
  | { readonly do: 'signal'; readonly id: string; readonly signal: NodeJS.Signals; readonly ticket: number };

/** What the supervisor reports: one JSON object a line on its stdout. Times on the machine's monotonic clock, in microseconds. */
export type SupervisorReport =
  | { readonly is: 'started'; readonly id: string; readonly pid: number; readonly monoUs: number }
  | { readonly is: 'unstartable'; readonly id: string; readonly reason: string }
  | { readonly is: 'line'; readonly id: string; readonly stream: 'stdout' | 'stderr'; readonly monoUs: number; readonly text: string }
  /** Sent once the lines that the process had printed by then are sent. */
  | { readonly is: 'exited'; readonly id: string; readonly monoUs: number; readonly code: number | null; readonly signal: string | null }
  /** `delivered` is false where no process of the group was left. */
  | { readonly is: 'signalled'; readonly ticket: number; readonly delivered: boolean };

/** Variable by which every process of a run can be told, however far it has strayed from its process group. */
export const RUN_MARKER = 'HALFOPEN_RUN';

import { LIMITS } from '../../../../model/limits.ts';
import type { HttpAction } from '../../contract.ts';
import { editBody, editsBody } from '../body-edit.ts';
import { ChunkedScanner } from '../chunked.ts';
import { editHead } from '../head-edit.ts';
import type { ReplyHead } from '../head.ts';
import type { Act, ActionKind, CallControl } from './contract.ts';

type Edit = Extract<HttpAction, { readonly kind: 'edit' }>;

/** Headers that tell how a body is framed. */
const FRAMING = ['content-length', 'transfer-encoding', 'trailer'];
const EMPTY_LINE_BYTES = 4;
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/** Edits head and body of a request or a reply. */
export const edit: ActionKind<'edit'> = {
  kind: 'edit',
  start: (action, call) => (action.of === 'request' ? new EditRequest(call, action) : new EditReply(call, action)),
};

/** A head whose body has so many bytes now. */
function reframed(head: Buffer, bytes: number): Buffer {
  return editHead(head, { removeHeaders: ['transfer-encoding', 'trailer'], setHeaders: { 'Content-Length': String(bytes) } });
}

class EditReply implements Act {
  readonly #call: CallControl;
  readonly #edit: Edit;
  #head: Buffer | null = null;
  #raw: Buffer = Buffer.alloc(0);
  #status = 0;
  readonly #passing: Buffer[] = [];
  readonly #content: Buffer[] = [];
  #bytes = 0;
  /** What becomes of the body: it is gathered to be edited, passes, or has no place in the edited reply. */
  #body: 'gather' | 'pass' | 'drop' = 'pass';

  constructor(call: CallControl, edit: Edit) {
    this.#call = call;
    this.#edit = edit;
  }

  replyHead(head: ReplyHead, raw: Buffer): void {
    // A switch of protocols is no reply to be edited.
    if (head.status === 101) return this.#call.passHead(raw, 101);
    const hadBody = mayHaveBody(this.#call.request.method, head.status);
    this.#status = this.#edit.status ?? head.status;
    const mayHave = mayHaveBody(this.#call.request.method, this.#status);
    this.#raw = raw;
    this.#head = editHead(raw, this.#edit);
    if (hadBody && !mayHave) this.#head = editHead(this.#head, { removeHeaders: FRAMING });
    else if (!hadBody && mayHave) this.#head = reframed(this.#head, 0);
    const isEdited = mayHave && editsBody(this.#edit) && !head.isCompressed && head.length <= LIMITS.editedBodyBytes;
    if (!isEdited) {
      this.#body = mayHave ? 'pass' : 'drop';
      this.#passHead();
    } else {
      this.#body = 'gather';
    }
  }

  sizeLine(bytes: Buffer): void {
    this.#take(bytes);
  }

  data(bytes: Buffer): void {
    if (this.#body === 'gather') this.#content.push(bytes);
    this.#take(bytes);
  }

  frame(bytes: Buffer): void {
    this.#take(bytes);
  }

  replyEnd(): void {
    if (this.#body === 'gather') this.#passEdited();
    this.#call.finishReply();
  }

  replyCutShort(): void {
    this.#passUnedited();
  }

  release(): void {
    if (this.#body !== 'gather') return;
    this.#head = this.#raw;
    this.#status = Number(this.#raw.toString('latin1', 9, 12));
    this.#passUnedited();
  }

  #take(bytes: Buffer): void {
    if (this.#body === 'pass') this.#call.pass(bytes);
    if (this.#body !== 'gather') return;
    this.#passing.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > LIMITS.editedBodyBytes) this.#passUnedited();
  }

  #passHead(): void {
    const head = this.#head ?? this.#raw;
    if (!head.equals(this.#raw)) this.#call.touch();
    this.#call.passHead(head, this.#status);
  }

  /** The body as it came, behind the edited head. */
  #passUnedited(): void {
    if (this.#body !== 'gather') return;
    this.#body = 'pass';
    this.#passHead();
    for (const bytes of this.#passing.splice(0)) this.#call.pass(bytes);
    this.#content.length = 0;
  }

  #passEdited(): void {
    const content = Buffer.concat(this.#content);
    const body = editBody(content, this.#edit);
    if (body.equals(content)) return this.#passUnedited();
    this.#call.touch();
    this.#call.passHead(reframed(this.#head ?? this.#raw, body.length), this.#status);
    this.#call.pass(body);
    this.#call.observe(body);
  }
}

class EditRequest implements Act {
  readonly #call: CallControl;
  readonly #edit: Edit;
  readonly #headBytes: number;
  readonly #isBodyEdited: boolean;
  readonly #came: Buffer[] = [];
  #bytes = 0;

  constructor(call: CallControl, edit: Edit) {
    const { text, framing, length, method, isCompressed } = call.request;
    this.#call = call;
    this.#edit = edit;
    this.#headBytes = text.length + EMPTY_LINE_BYTES;
    const mayHave = framing !== 'none' || /^(?:POST|PUT|PATCH)$/.test(method);
    this.#isBodyEdited = editsBody(edit) && mayHave && !isCompressed && length <= LIMITS.editedBodyBytes;
    call.takeRequest();
    // The callee is asked with the whole body: nobody but the proxy can tell the caller to send it.
    if (this.#isBodyEdited && call.request.expects) call.interim(CONTINUE);
  }

  requestBytes(data: Buffer): void {
    this.#came.push(data);
    this.#bytes += data.length;
    const mayWait = this.#isBodyEdited ? this.#bytes <= this.#headBytes + LIMITS.editedBodyBytes : this.#bytes < this.#headBytes;
    if (!mayWait) this.#send(null);
  }

  requestEnd(): void {
    if (this.#bytes === 0) return;
    const all = Buffer.concat(this.#came);
    const content = contentOf(all.subarray(this.#headBytes), this.#call.request.framing === 'chunked');
    const body = editBody(content, this.#edit);
    this.#send(body.equals(content) ? null : body);
  }

  release(): void {
    if (this.#bytes > 0) this.#call.sendRequest(Buffer.concat(this.#came.splice(0)));
    this.#bytes = 0;
  }

  /** Sends what came, with the edited head and, where there is one, another body. */
  #send(body: Buffer | null): void {
    const all = Buffer.concat(this.#came.splice(0));
    this.#bytes = 0;
    const raw = all.subarray(0, this.#headBytes);
    const edited = editHead(raw, this.#edit);
    const asked = this.#isBodyEdited && this.#call.request.expects ? editHead(edited, { removeHeaders: ['expect'] }) : edited;
    if (body !== null || !asked.equals(raw)) this.#call.touch();
    this.#call.sendRequest(
      body === null ? Buffer.concat([asked, all.subarray(this.#headBytes)]) : Buffer.concat([reframed(asked, body.length), body]),
    );
  }
}

function mayHaveBody(method: string, status: number): boolean {
  return method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304 && !(method === 'CONNECT' && status < 300);
}

/** What a body says, without its chunks' frames. */
function contentOf(body: Buffer, isChunked: boolean): Buffer {
  if (!isChunked) return body;
  const parts: Buffer[] = [];
  new ChunkedScanner().scan(body, 0, { data: (bytes) => void parts.push(bytes) });
  return Buffer.concat(parts);
}

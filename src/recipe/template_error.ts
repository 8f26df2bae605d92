/** A template that can't be evaluated. `message` has no full stop and quotes no values. */
export class TemplateError extends Error {
  override name = "TemplateError";
  readonly code: string;
  readonly hint?: string;
  /** The name at fault, to find it in the text. */
  readonly subject?: string;

  constructor(code: string, message: string, options: { hint?: string; subject?: string } = {}) {
    super(message);
    this.code = code;
    this.hint = options.hint;
    this.subject = options.subject;
  }
}

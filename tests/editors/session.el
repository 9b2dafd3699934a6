;;; session.el --- a session in Emacs with eglot: `emacs -Q --batch -l session.el`  -*- lexical-binding: t; -*-
;; In the environment: SERVER, the command that starts the server, one word a line; FOLDER, the project.

(defconst session-limit 60 "Seconds.")

(when (file-directory-p "/usr/share/emacs/site-lisp/elpa-src") ; Debian's packages, which -Q leaves out
  (let ((default-directory "/usr/share/emacs/site-lisp/elpa-src"))
    (normal-top-level-add-subdirs-to-load-path)))
(let ((default-directory (expand-file-name "elpa" user-emacs-directory)))
  (when (file-directory-p default-directory)
    (normal-top-level-add-subdirs-to-load-path)))

(require 'python)
(require 'flymake)
(require 'eglot)

(defvar session-folder (file-name-as-directory (file-truename (or (getenv "FOLDER") "."))))
(defvar session-train nil)
(defvar session-model nil)

(defun session-say (format &rest arguments)
  (princ (concat (apply #'format format arguments) "\n")))

(defun session-text (buffer)
  (with-current-buffer buffer (buffer-substring-no-properties (point-min) (point-max))))

(defun session-shown (buffer)
  "The texts of what Flymake shows in BUFFER."
  (with-current-buffer buffer (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))

(defun session-await (promise is-so)
  (let ((end (+ (float-time) session-limit)))
    (while (not (funcall is-so))
      (when (> (float-time) end)
        (error "It never came to be: %s\n%S\n%s\n%s" promise (session-shown session-train)
               (session-text session-train) (session-text session-model)))
      (accept-process-output nil 0.02))
    (session-say "seen: %s" promise)))

(defun session-expect (promise found wanted)
  (unless (equal found wanted)
    (error "%s\nwanted: %S\nfound: %S" promise wanted found))
  (session-say "seen: %s" promise))

(defun session-finds ()
  (let ((found (session-shown session-train)))
    (and (= (length found) 1) (string-match-p "softmax" (car found)))))

(defun session-finds-nothing ()
  (null (session-shown session-train)))

(defun session-begin-change ()
  "What follows is a change of its own: undo takes back no more than that."
  (with-current-buffer session-model (undo-boundary)))

(defun session-told ()
  "Do what an idle timer does, of which there are none in batch mode: send what was typed, start Flymake."
  (dolist (buffer (list session-train session-model))
    (with-current-buffer buffer
      (eglot--signal-textDocument/didChange)
      (flymake-start))))

(defun session-undo ()
  (with-current-buffer session-model
    (undo-boundary)
    (setq last-command nil)
    (undo)
    (undo-boundary))
  (session-told))

(defun session-fix ()
  "Apply the first fix that is offered for the finding; its title."
  (with-current-buffer session-train
    (let* ((finding (car (flymake-diagnostics)))
           (offered (append (eglot-code-actions (flymake-diagnostic-beg finding) (flymake-diagnostic-end finding)
                                                "quickfix")
                            nil))
           (fix (seq-find (lambda (action) (plist-get action :edit)) offered)))
      (unless fix (error "No fix was offered: %S" offered))
      (eglot--apply-workspace-edit (plist-get fix :edit))
      (plist-get fix :title))))

(defun session-main ()
  (let ((server (split-string (getenv "SERVER") "\n")) before after)
    (setq session-train (find-file-noselect (concat session-folder "train.py"))
          session-model (find-file-noselect (concat session-folder "model.py")))
    (setq eglot-server-programs (list (cons 'python-mode server))
          eglot-sync-connect 30
          eglot-confirm-server-initiated-edits nil)
    (dolist (buffer (list session-train session-model))
      (with-current-buffer buffer (buffer-enable-undo)))
    (with-current-buffer session-train
      (apply #'eglot (eglot--guess-contact)))
    (session-told)
    (setq before (session-text session-model)
          after (string-replace "F.softmax(self.head(x), dim=1)" "self.head(x)" before))
    (session-await "the finding of train.py" #'session-finds)

    (session-begin-change)
    (with-current-buffer session-model
      (goto-char (point-min))
      (search-forward "F.softmax(self.head(x), dim=1)")
      (replace-match "self.head(x)" t t))
    (session-told)
    (session-expect "model.py is not saved" (buffer-modified-p session-model) t)
    (session-await "it vanishes while model.py is edited" #'session-finds-nothing)
    (session-undo)
    (session-expect "the edit is undone" (session-text session-model) before)
    (session-await "it comes back" #'session-finds)

    (session-begin-change)
    (session-say "applied: %s" (session-fix))
    (session-told)
    (session-expect "the fix is in model.py" (session-text session-model) after)
    (session-await "it vanishes with the fix" #'session-finds-nothing)
    (session-undo)
    (session-expect "the fix is undone" (session-text session-model) before)
    (session-await "it comes back again" #'session-finds)))

;; Without a folder it is only asked whether there is an eglot.
(when (getenv "FOLDER")
  (let ((is-well nil))
    (condition-case why
        (progn (session-main) (setq is-well t))
      (error (session-say "%s" (error-message-string why))))
    (when is-well (session-say "all is well"))
    (dolist (buffer (list session-train session-model))
      (with-current-buffer buffer (set-buffer-modified-p nil)))
    (with-current-buffer session-train
      (ignore-errors (eglot-shutdown (eglot-current-server))))
    (kill-emacs (if is-well 0 1))))
;;; session.el ends here

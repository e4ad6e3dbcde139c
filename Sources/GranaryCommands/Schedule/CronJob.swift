/// A CronJob of Kubernetes.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/>.
struct CronJob: Sendable {
    let command: ScheduledCommand
    let fields: String
    let name: String
    let image: String

    private var unit: String { "granary-\(name)" }

    var file: ScheduleFile { ScheduleFile(name: "\(unit).yaml", folder: nil, content: text) }

    /// The working folder of the image.
    private static let home = "/data"
    private static let temporary = "/tmp"

    /// Where the volume of backups is mounted: the folder that `--backups` names.
    private static func backups(_ command: ScheduledCommand) -> String {
        let named = command.written(from: home).last { $0.option == "--backups" }
        guard let folder = named?.folder, folder != "/", folder != temporary, !folder.contains(":") else {
            return "\(home)/backups"
        }
        return folder
    }

    /// What the command cannot write, because all but the volumes is read-only.
    static func notes(_ command: ScheduledCommand) -> [String] {
        let mounted = [backups(command), temporary]
        var notes: [String] = []
        for (option, folder) in command.written(from: home) {
            let isMounted = mounted.contains { folder == $0 || folder.hasPrefix("\($0)/") }
            guard !isMounted else { continue }
            notes.append("nothing is mounted at \(folder), so \(option) cannot be written; mount a volume there")
        }
        return notes
    }

    private var text: String {
        """
        # kubectl apply -f \(unit).yaml
        # The secret granary-\(name) holds DATABASE_URL, and what else the command reads from its environment, such as
        # GRANARY_ENV, GRANARY_ARCHIVE_KEY and GRANARY_PING.
        apiVersion: batch/v1
        kind: CronJob
        metadata:
          name: \(unit)
        spec:
          schedule: \(Self.quoted(fields))
          timeZone: Etc/UTC
          concurrencyPolicy: Forbid
          # A run that could not begin within an hour is left out.
          startingDeadlineSeconds: 3600
          successfulJobsHistoryLimit: 3
          failedJobsHistoryLimit: 3
          jobTemplate:
            spec:
              # Exit code 5 means busy, and is tried again; every other one ends the job at once.
              backoffLimit: 6
              podFailurePolicy:
                rules:
                  - action: FailJob
                    onExitCodes:
                      containerName: granary
                      operator: NotIn
                      values: [\(ExitStatus.busy.rawValue)]
              template:
                spec:
                  restartPolicy: Never
                  securityContext:
                    # The account of the image, which writes the backups.
                    fsGroup: 10001
                  containers:
                    - name: granary
                      image: \(Self.quoted(image))
                      args: [\(command.words.map(Self.argument).joined(separator: ", "))]
                      envFrom:
                        - secretRef:
                            name: \(unit)
                      securityContext:
                        runAsNonRoot: true
                        readOnlyRootFilesystem: true
                        allowPrivilegeEscalation: false
                      volumeMounts:
                        - name: backups
                          mountPath: \(Self.quoted(Self.backups(command)))
                        - name: temporary
                          mountPath: \(Self.temporary)
                  volumes:
                    - name: backups
                      persistentVolumeClaim:
                        claimName: granary-backups
                    - name: temporary
                      emptyDir: {}

        """
    }

    /// A flow scalar in double quotes, for which YAML has the escapes of JSON.
    private static func quoted(_ text: String) -> String { JSONDocument.string(text).text }

    /// Kubernetes replaces `$(NAME)`, and takes `$$` for `$`.
    static func argument(_ word: String) -> String { quoted(word.replacing("$", with: "$$")) }
}

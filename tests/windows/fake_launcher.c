/* A program that is another one: starts TARGET (set when it is compiled: `"python.exe" "script.py"`) with
   its own arguments, waits, and returns its exit code. For stand-ins that are written in Python and
   have to be one .exe. */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#define WIDE_(text) L##text
#define WIDE(text) WIDE_(text)

int wmain(void)
{
    /* The rest of the command line as it was given, behind our own name. */
    wchar_t *rest = GetCommandLineW();
    int quoted = 0;
    for (; *rest && (quoted || (*rest != L' ' && *rest != L'\t')); rest++)
        if (*rest == L'"')
            quoted = !quoted;
    wchar_t name[32768];
    GetModuleFileNameW(NULL, name, 32768);
    SetEnvironmentVariableW(L"SEALENV_FAKE_EXE", name);
    size_t size = wcslen(WIDE(TARGET)) + wcslen(rest) + 2;
    wchar_t *line = malloc(size * sizeof *line);
    wcscpy(line, WIDE(TARGET));
    wcscat(line, rest);
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) {
        fprintf(stderr, "fake_launcher: %ls cannot be started: %lu\n", line, GetLastError());
        return 99;
    }
    DWORD code;
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}

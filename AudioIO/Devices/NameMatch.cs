namespace FlowVocoder.AudioIO.Devices;

/// <summary>Devices whose names people type only in part, as "USB" for "Speakers (USB Audio)".</summary>
internal static class NameMatch
{
    /// <summary>Which of the names is meant: the one that is typed, else the only one that has it in it. Letters may be small or large.</summary>
    /// <param name="typed">What was asked for.</param>
    /// <param name="names">What is there.</param>
    /// <param name="capture">To record, else to play; for the error.</param>
    /// <exception cref="VocoderException">None has it, or several.</exception>
    public static int Find(string typed, string[] names, bool capture)
    {
        int exact = Array.FindIndex(names, name => name.Equals(typed, StringComparison.OrdinalIgnoreCase));
        if (exact >= 0) return exact;
        int[] found = [.. Enumerable.Range(0, names.Length).Where(i => names[i].Contains(typed, StringComparison.OrdinalIgnoreCase))];
        if (found.Length == 1) return found[0];
        string cannot = $"cannot {(capture ? "record from" : "play on")} '{typed}'";
        throw new VocoderException(found.Length > 1
            ? $"{cannot}: several devices have that in their names: {Listed(found.Select(i => names[i]))}, expected one"
            : $"{cannot}: no such device is there, expected {(names.Length == 0 ? "one that is plugged in" : Listed(names))}");
    }

    private static string Listed(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
}

//! The names of Zeek logs that the mapping reads.

use crate::row::slots;

slots! {
    /// A field of a Zeek log.
    Z {
        Path = "_path", Ts = "ts", WriteTs = "_write_ts", Uid = "uid", OrigH = "id.orig_h", OrigP = "id.orig_p", RespH = "id.resp_h",
        RespP = "id.resp_p", Proto = "proto", Sensor = "_system_name", Node = "peer" | "node", Duration = "duration", Rtt = "rtt",
        Vlan = "vlan",
        // conn
        Service = "service", OrigBytes = "orig_bytes", RespBytes = "resp_bytes", OrigPkts = "orig_pkts", RespPkts = "resp_pkts",
        MissedBytes = "missed_bytes", ConnState = "conn_state", LocalOrig = "local_orig", LocalResp = "local_resp", History = "history",
        CommunityId = "community_id", OrigMac = "orig_l2_addr", RespMac = "resp_l2_addr",
        // dns
        Query = "query", Qtype = "qtype_name", Qclass = "qclass_name", Rcode = "rcode", RcodeName = "rcode_name", TransId = "trans_id",
        Answers = "answers", Ttls = "TTLs", Rejected = "rejected",
        // http
        Method = "method", Host = "host", Uri = "uri", Referrer = "referrer", UserAgent = "user_agent", Version = "version",
        RequestLength = "request_body_len", ResponseLength = "response_body_len", StatusCode = "status_code", StatusMsg = "status_msg",
        RespMime = "resp_mime_types", Username = "username", Password = "password",
        // ssl, x509
        Cipher = "cipher", ServerName = "server_name", Established = "established", Ja3 = "ja3", Ja3s = "ja3s", Subject = "subject",
        Issuer = "issuer" | "issuer_subject", Serial = "serial", CertSubject = "certificate.subject", ValidationStatus = "validation_status",
        // files, smb_files, smb_mapping
        Fuid = "fuid", FileId = "id", TxHosts = "tx_hosts", RxHosts = "rx_hosts", Source = "source", MimeType = "mime_type",
        Filename = "filename", SeenBytes = "seen_bytes", TotalBytes = "total_bytes", IsOrig = "is_orig", Md5 = "md5", Sha1 = "sha1",
        Sha256 = "sha256", Action = "action", SharePath = "path", Name = "name", Size = "size", ShareType = "share_type",
        TimesModified = "times.modified", TimesCreated = "times.created",
        // dce_rpc, ntlm, kerberos, radius, ldap
        Endpoint = "endpoint", Operation = "operation", Hostname = "hostname", DomainName = "domainname",
        ServerDns = "server_dns_computer_name", ServerNetbios = "server_nb_computer_name", Success = "success", RequestType = "request_type",
        Client = "client", ErrorMsg = "error_msg", Result = "result", Mac = "mac", Opcode = "opcode", Object = "object",
        Filter = "filter", TunnelClient = "tunnel_client", FramedAddr = "framed_addr",
        // ssh, rdp, rfb, socks, tunnel
        AuthSuccess = "auth_success", Cookie = "cookie", SecurityProtocol = "security_protocol", ClientName = "client_name",
        AuthMethod = "authentication_method", TunnelType = "tunnel_type", SocksUser = "user", RequestHost = "request.host",
        RequestName = "request.name", ServerBanner = "server", Hassh = "hassh",
        // dhcp
        ClientAddr = "client_addr", ServerAddr = "server_addr", HostName = "host_name", ClientFqdn = "client_fqdn",
        AssignedAddr = "assigned_addr", RequestedAddr = "requested_addr", LeaseTime = "lease_time", MsgTypes = "msg_types",
        // smtp
        MailFrom = "mailfrom", RcptTo = "rcptto", From = "from", To = "to", SubjectLine = "subject_line", MsgId = "msg_id", Helo = "helo",
        LastReply = "last_reply",
        // ftp
        Command = "command", Arg = "arg", ReplyCode = "reply_code", ReplyMsg = "reply_msg", FileSize = "file_size",
        // ntp
        Mode = "mode", Stratum = "stratum",
        // notice, weird, intel, signatures, analyzer
        Note = "note", Msg = "msg", Sub = "sub", Src = "src", Dst = "dst", Port = "p", Actions = "actions", Addl = "addl",
        SeenIndicator = "seen.indicator", SeenType = "seen.indicator_type", SeenWhere = "seen.where", SigId = "sig_id",
        EventMsg = "event_msg", SrcAddr = "src_addr", SrcPort = "src_port", DstAddr = "dst_addr", DstPort = "dst_port",
        Analyzer = "analyzer" | "analyzer_name", FailureReason = "failure_reason", Cause = "cause",
        // known_*, software
        PortNum = "port_num", PortProto = "port_proto", SoftwareType = "software_type", HostP = "host_p",
        UnparsedVersion = "unparsed_version", MajorVersion = "version.major", MinorVersion = "version.minor",
        MinorVersion2 = "version.minor2", MinorVersion3 = "version.minor3", AddlVersion = "version.addl",
        // operational technology
        Func = "func" | "function" | "fc_request" | "pdu_service" | "function_name" | "rosctr" | "enip_command" | "cip_service",
        PduType = "pdu_type" | "pdu_source" | "request_response", Message = "message",
    }
}
